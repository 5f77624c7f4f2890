namespace Sluice;

/// <summary>How an I/O ended, as judged by the layers that own it.</summary>
public enum AioStatus : byte
{
    /// <summary>Not yet known. No callback may return it.</summary>
    Unknown,

    /// <summary>All of it was done.</summary>
    Ok,

    /// <summary>A beginning of it was done and nothing went wrong: read or write the rest with a new I/O.</summary>
    Partial,

    /// <summary>It was done, and something about it should be told to the issuer.</summary>
    Warning,

    /// <summary>It failed.</summary>
    Error,
}
