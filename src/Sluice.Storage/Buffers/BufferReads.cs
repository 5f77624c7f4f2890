using System.Globalization;

namespace Sluice.Storage;

/// <summary>What shared and local reads do alike when they complete: look at each page, and let its buffer go.</summary>
internal static class BufferReads
{
    internal static void Stage(AioHandle handle)
    {
        WaitReference reference = handle.Reference;
        foreach (ulong word in handle.Data) BufferFrames.FromWord(word, out int index).AttachReference(index, reference, takesPin: true);
    }

    internal static AioResult Complete(AioHandle handle, AioResult prior, byte data, AioCallbackId judge)
    {
        ReadFlags flags = (ReadFlags)data;
        ReadOnlySpan<ulong> words = handle.Data;
        int read = prior.Status == AioStatus.Error ? 0 : prior.Value;
        BufferVerdict verdict = default;
        int errors = 0;
        for (int place = 0; place < words.Length; place++)
        {
            BufferFrames frames = BufferFrames.FromWord(words[place], out int index);
            bool isUsable = place < read;
            if (isUsable)
            {
                PageTag tag = frames.TagOf(index);
                PageVerdict page = PageVerifier.Verify(frames.PageOf(index), tag.BlockNumber, frames.Pool.Options.Checksums);
                if (page is not (PageVerdict.Valid or PageVerdict.New)) isUsable = Settle(handle, frames, index, page, flags, place,
                    ref verdict, ref errors);
            }

            frames.EndIo(index, isUsable ? BufferState.Valid : BufferState.IoError, cleans: false, unlocks: false, unpins: true);
        }

        if (prior.Status == AioStatus.Error)
        {
            LogFailure(handle, prior);
            return prior;
        }

        if (verdict == default && errors == 0) return prior;
        return prior.JudgedBy(judge, errors != 0 ? AioStatus.Error
            : AioStatus.Warning, prior.Value, (errors != 0 ? ErrorsOnly(verdict, errors) : verdict).Pack());
    }

    // What is wrong is reported before what was overlooked.
    private static BufferVerdict ErrorsOnly(BufferVerdict verdict, int errors) => new(false, false, errors, 0, verdict.FirstOffset);

    /// <summary>Decides about a page that is not as it should be, and says so at once, whoever reads it.</summary>
    private static bool Settle(
        AioHandle handle, BufferFrames frames, int index, PageVerdict page, ReadFlags flags, int place, ref BufferVerdict verdict,
            ref int errors)
    {
        PageTag tag = frames.TagOf(index);
        if (page is PageVerdict.BadChecksum or PageVerdict.BadBoth) frames.Pool.NoteChecksumFailure(tag.Relation.DatabaseOid);
        string path = handle.Target.As<RelationTarget>().RelationPath;
        string where = string.Create(CultureInfo.InvariantCulture, $"in block {tag.BlockNumber} of relation \"{path}\"");
        string why = Explain(frames.PageOf(index), tag.BlockNumber, page);
        if (page == PageVerdict.BadChecksum && (flags & ReadFlags.IgnoreChecksumFailures) != 0)
        {
            frames.Pool.Warn($"ignoring checksum failure {where}: {why}", "");
            bool isFirst = errors == 0 && !verdict.AnyZeroed && !verdict.AnyIgnored;
            int first = isFirst ? place : verdict.FirstOffset;
            verdict = verdict with { AnyIgnored = true, IgnoredCount = verdict.IgnoredCount + 1, FirstOffset = first };
            return true;
        }

        if ((flags & ReadFlags.ZeroOnError) != 0)
        {
            frames.Pool.Warn($"invalid page {where}; zeroing out page: {why}", "");
            frames.PageOf(index).Clear();
            bool isFirst = errors == 0 && !verdict.AnyZeroed;
            int first = isFirst ? place : verdict.FirstOffset;
            verdict = verdict with { AnyZeroed = true, InvalidCount = verdict.InvalidCount + 1, FirstOffset = first };
            return true;
        }

        frames.Pool.Warn($"invalid page {where}: {why}", "");
        if (errors++ == 0) verdict = verdict with { FirstOffset = place };
        return false;
    }

    private static string Explain(ReadOnlySpan<byte> page, uint block, PageVerdict verdict) => verdict switch
    {
        PageVerdict.BadHeader => "its header contradicts itself",
        PageVerdict.BadChecksum =>
            string.Create(CultureInfo.InvariantCulture,
                $"its checksum is {PageHeader.ChecksumOf(page)}, and should be {PageChecksum.Compute(page, block)}"),
        _ => string.Create(CultureInfo.InvariantCulture,
            $"its header contradicts itself, and its checksum is {PageHeader.ChecksumOf(page)} where "
                + $"{PageChecksum.Compute(page, block)} should be"),
    };

    private static void LogFailure(AioHandle handle, AioResult result)
    {
        BufferFrames frames = BufferFrames.FromWord(handle.Data[0], out _);
        frames.Pool.Warn(
            string.Create(CultureInfo.InvariantCulture,
                $"cannot read {handle.LengthBytes} bytes of {handle.Target.Describe()}: {ReasonOf(result)}"), "");
    }

    internal static string ReasonOf(AioResult result)
    {
        if (result.Judge.Value == 0) return Errno.Describe((int)result.Detail);
        (long done, long wanted) = Shortfall.Unpack(result.Detail);
        return string.Create(CultureInfo.InvariantCulture, $"only {done} of {wanted} bytes");
    }
}
