namespace Ledger;

/// <summary>What a child says.</summary>
internal enum ChildMessageKind
{
    /// <summary>Recovery begins.</summary>
    Recovering = 1,

    /// <summary>After recovery: so many transfers of a client are there.</summary>
    Found = 2,

    /// <summary>The clients begin.</summary>
    Working = 3,

    /// <summary>A transfer of a client lasts.</summary>
    Acknowledged = 4,

    /// <summary>A checkpoint begins.</summary>
    CheckpointBegins = 5,
}
