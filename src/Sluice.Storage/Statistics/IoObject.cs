namespace Sluice.Storage;

/// <summary>What I/O is counted about.</summary>
public enum IoObject
{
    /// <summary>Relations that last.</summary>
    Relation,

    /// <summary>Temporary relations of sessions.</summary>
    TemporaryRelation,

    /// <summary>The write-ahead log.</summary>
    Log,
}
