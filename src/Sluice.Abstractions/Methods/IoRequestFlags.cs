namespace Sluice.Methods;

/// <summary>How a request is to be done.</summary>
[Flags]
public enum IoRequestFlags : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>The issuer waits at once: do it on the issuing thread. Never reaches <see cref="IoMethodContext.Submit"/>.</summary>
    Synchronous = 1,

    /// <summary>The file is read and written through the page cache: a hit is a copy by whoever executes it.</summary>
    Buffered = 2,

    /// <summary>
    /// The completion touches state that only the issuing flow may touch. Never reaches <see cref="IoMethodContext.Submit"/>.
    /// </summary>
    ReferencesLocal = 4,

    /// <summary>A write that is durable when it completes (RWF_DSYNC, or what the file has for it).</summary>
    WriteThrough = 8,

    /// <summary>
    /// A write followed by an fdatasync of the file, as one request with one completion. Only if everything was written is
    /// the fdatasync done; a short write completes as short, and nothing is promised durable.
    /// </summary>
    FlushAfter = 16,

    /// <summary>
    /// The issuer has other things to do before it waits for it. A method that would execute it on the issuing thread because its data is
    /// in memory may let another thread copy, where that pays.
    /// </summary>
    Ahead = 32,
}
