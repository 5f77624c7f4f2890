namespace Ledger;

/// <summary>When a child is killed.</summary>
internal enum KillMoment
{
    /// <summary>While clients work.</summary>
    Working,

    /// <summary>Just after a checkpoint began.</summary>
    Checkpointing,

    /// <summary>While it recovers what the one before left.</summary>
    Recovering,
}
