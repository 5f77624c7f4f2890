namespace Sluice.Methods.IoUring;

/// <summary>The method's settings, read and checked once.</summary>
internal sealed record IoUringOptions
{
    /// <summary>Whether completions of a thread wait for its next system call instead of interrupting it.</summary>
    internal required bool CoopTaskrun { get; init; }

    /// <summary>Whether memory is registered with the rings.</summary>
    internal required bool RegisteredBuffers { get; init; }

    /// <summary>How many descriptors, from 0 on, can be registered per ring; 0 registers none.</summary>
    internal required int RegisteredFiles { get; init; }

    /// <summary>From which length buffered reads go to a kernel thread at once; 0 for never.</summary>
    internal required int PuntBufferedReadsBytes { get; init; }

    /// <summary>With how many requests in flight further buffered reads go to a kernel thread at once; 0 for never.</summary>
    internal required int PuntBufferedReadsInFlight { get; init; }

    /// <summary>
    /// After how many direct requests that do not follow each other in a file the kernel is entered; 0 for once per batch.
    /// </summary>
    internal required int SubmitPiece { get; init; }

    /// <summary>Reads the settings.</summary>
    /// <exception cref="IoMethodException">A setting is not known or has a bad value.</exception>
    internal static IoUringOptions Read(IoMethodSettings settings)
    {
        settings.RefuseUnknown(
            "coop_taskrun", "registered_buffers", "registered_files", "punt_buffered_reads_bytes", "punt_buffered_reads_in_flight",
            "submit_piece");
        return new IoUringOptions
        {
            // With it, a submitter that computes keeps the completions of its requests from other threads until it enters the
            // kernel or a timer tick comes. Any thread may reap here, so it is off unless a host knows better.
            CoopTaskrun = settings.GetBoolean("coop_taskrun", defaultValue: false),
            RegisteredBuffers = settings.GetBoolean("registered_buffers", defaultValue: true),
            RegisteredFiles = settings.GetInt32("registered_files", 0, minimum: 0, maximum: 32768),
            PuntBufferedReadsBytes = settings.GetInt32("punt_buffered_reads_bytes", 0, minimum: 0, maximum: int.MaxValue),
            PuntBufferedReadsInFlight = settings.GetInt32("punt_buffered_reads_in_flight", 0, minimum: 0, maximum: int.MaxValue),

            // The kernel holds back what one enter brings until it has prepared all of it. Measured with 8 KiB direct random reads at depth
            // 32: in batches 0.80 to 0.88 of fio's operations, in pieces of 4 0.95 to 1.0 at a fifth more CPU, one by one no more than
            // that.
            SubmitPiece = settings.GetInt32("submit_piece", 4, minimum: 0, maximum: int.MaxValue),
        };
    }
}
