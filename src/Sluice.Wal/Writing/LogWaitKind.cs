namespace Sluice.Wal;

/// <summary>What somebody waits for.</summary>
internal enum LogWaitKind
{
    /// <summary>That everything before a position is durable.</summary>
    Durable,

    /// <summary>That the ring has room up to a position.</summary>
    Room,

    /// <summary>That the preparation of segments has ended an attempt, well or badly.</summary>
    Segments,
}
