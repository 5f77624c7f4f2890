namespace Sluice;

/// <summary>
/// A way to have a write durable when it completes. All of these are correct; which is fastest differs between drives and file
/// systems. A write-back hint (sync_file_range) is none of them: it promises nothing.
/// </summary>
public enum DurableWriteForm
{
    /// <summary>
    /// A write, and when it has completed an fdatasync of its own:
    /// <see cref="AioFile.WriteAsync(ReadOnlyMemory{byte}, long, AioDurability, CancellationToken)"/>, then
    /// <see cref="AioFile.FlushAsync"/>.
    /// </summary>
    WriteThenFlush,

    /// <summary>One write that is durable by itself (RWF_DSYNC): <see cref="AioDurability.WriteThrough"/>.</summary>
    WriteThrough,

    /// <summary>A plain write to a file that was opened for it (O_DSYNC): <see cref="IoOpenOptions.WriteThrough"/>.</summary>
    FileWriteThrough,

    /// <summary>Write and fdatasync as one submission with one completion: <see cref="AioDurability.FlushAfter"/>.</summary>
    LinkedFlush,
}
