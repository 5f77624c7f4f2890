namespace Sluice.Methods.IoUring;

/// <summary>The sums over all contexts, those disposed included.</summary>
internal sealed class MethodCounters
{
    internal long Submitted { get; set; }

    internal long Reaped { get; set; }

    internal long Enters { get; set; }

    internal long Interrupted { get; set; }

    internal long SubmitRetries { get; set; }

    internal long RefusedByKernel { get; set; }

    internal long Punts { get; set; }

    internal long Wakes { get; set; }

    internal long Reexecuted { get; set; }

    internal long FlushesRepeated { get; set; }

    internal long UnlinkedFlushes { get; set; }

    internal long OverflowFlushes { get; set; }

    internal long Strays { get; set; }

    internal long FixedTransfers { get; set; }

    internal long FixedFileUses { get; set; }

    internal long BufferRefusals { get; set; }

    internal long FileRefusals { get; set; }

    internal void Add(MethodCounters other)
    {
        Submitted += other.Submitted;
        Reaped += other.Reaped;
        Enters += other.Enters;
        Interrupted += other.Interrupted;
        SubmitRetries += other.SubmitRetries;
        RefusedByKernel += other.RefusedByKernel;
        Punts += other.Punts;
        Wakes += other.Wakes;
        Reexecuted += other.Reexecuted;
        FlushesRepeated += other.FlushesRepeated;
        UnlinkedFlushes += other.UnlinkedFlushes;
        OverflowFlushes += other.OverflowFlushes;
        Strays += other.Strays;
        FixedTransfers += other.FixedTransfers;
        FixedFileUses += other.FixedFileUses;
        BufferRefusals += other.BufferRefusals;
        FileRefusals += other.FileRefusals;
    }

    internal IEnumerable<KeyValuePair<string, long>> ToPairs() =>
    [
        new("submitted", Submitted),
        new("reaped", Reaped),
        new("enters", Enters),
        new("interrupted_waits", Interrupted),
        new("submit_retries", SubmitRetries),
        new("executed_by_submitter", RefusedByKernel),
        new("punts", Punts),
        new("wakes", Wakes),
        new("reexecuted", Reexecuted),
        new("flushes_repeated", FlushesRepeated),
        new("unlinked_flushes", UnlinkedFlushes),
        new("overflow_flushes", OverflowFlushes),
        new("stray_completions", Strays),
        new("fixed_buffer_transfers", FixedTransfers),
        new("fixed_file_uses", FixedFileUses),
        new("buffer_registrations_refused", BufferRefusals),
        new("file_registrations_refused", FileRefusals),
    ];
}
