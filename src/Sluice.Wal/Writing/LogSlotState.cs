namespace Sluice.Wal;

/// <summary>Where a write or flush of the log is.</summary>
internal enum LogSlotState
{
    /// <summary>With the method.</summary>
    InFlight,

    /// <summary>Written in part; the rest is to be started again.</summary>
    Partial,

    /// <summary>Over, and well.</summary>
    Done,
}
