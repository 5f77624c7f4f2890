namespace Sluice.Storage;

/// <summary>How a session uses the pool.</summary>
public sealed class BufferSessionOptions
{
    /// <summary>The context its I/O goes through: that of the loop it runs on, which it then shares with others there; null for one of its own.</summary>
    public AioContext? Context { get; set; }

    /// <summary>How many temporary pages it can hold; their memory is taken when the first is used.</summary>
    public int LocalBufferCount { get; set; } = 1024;

    /// <summary>How many blocks one of its I/Os may have at most; 0 for what the pool allows.</summary>
    public int CombineMax { get; set; }

    /// <summary>Whether a page that is invalid is taken as zeros, with a warning. For saving what can be saved.</summary>
    public bool ZeroDamagedPages { get; set; }

    /// <summary>Whether a page whose header is sane is used although its checksum is wrong, with a warning. For saving what can be saved.</summary>
    public bool IgnoreChecksumFailures { get; set; }
}
