using System.Globalization;

namespace Sluice.Storage;

/// <summary>What shared and local writes do alike: the pages that were written are clean, the others stay dirty.</summary>
internal static class BufferWrites
{
    internal static void Stage(AioHandle handle)
    {
        // The pin and the lock of whoever started the write become the write's own.
        WaitReference reference = handle.Reference;
        foreach (ulong word in handle.Data) BufferFrames.FromWord(word, out int index).AttachReference(index, reference, takesPin: false);
    }

    internal static unsafe AioResult Complete(AioHandle handle, AioResult prior)
    {
        ReadOnlySpan<ulong> words = handle.Data;
        bool hasFailed = prior.Status == AioStatus.Error;
        int written = hasFailed ? 0 : prior.Value;
        for (int place = 0; place < words.Length; place++)
        {
            BufferFrames frames = BufferFrames.FromWord(words[place], out int index);
            bool isWritten = place < written;

            // A hint for those who look for victims; whoever misses it tries the page once more.
            frames.Descriptors[index].FailedWrites = isWritten ? 0 : hasFailed ? frames.Descriptors[index].FailedWrites + 1 : frames.Descriptors[index].FailedWrites;
            frames.EndIo(index, hasFailed ? BufferState.IoError : 0, cleans: isWritten, unlocks: !frames.IsLocal, unpins: true);
        }

        if (hasFailed)
        {
            BufferPool pool = BufferFrames.FromWord(words[0], out _).Pool;
            string what = handle.Target.Describe();
            pool.Warn(string.Create(CultureInfo.InvariantCulture, $"cannot write {handle.LengthBytes} bytes of {what}: {BufferReads.ReasonOf(prior)}; the pages stay dirty"), "");
        }

        return prior;
    }
}
