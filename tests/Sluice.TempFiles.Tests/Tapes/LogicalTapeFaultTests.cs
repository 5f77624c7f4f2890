using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Tapes;

/// <summary>Whatever goes wrong while tapes are written, merged or read in any order, it is one error, and nothing is left.</summary>
public sealed unsafe class LogicalTapeFaultTests : FaultTests
{
    private const int BlockBytes = 4096;
    private const int TapeCount = 5;
    private const int TapeBytes = 60_000;
    private const int PartBytes = 3000;

    private protected override IEnumerable<Action<FaultyWork>> Works => [WriteAndMerge];

    // Written alternately, all but one merged onto another tape, which is then read forwards and backwards.
    private static void WriteAndMerge(FaultyWork work)
    {
        using LogicalTapeSet set = new(work.Owner, BlockBytes);
        LogicalTape[] tapes = [.. Enumerable.Range(0, TapeCount).Select(_ => set.CreateTape())];
        WriteAll(work, set, tapes);
        LogicalTape merged = set.CreateTape();
        using (TapeMergeReader merge = new(work.Context, set, tapes, 3 * TapeCount, work.Token))
        using (LogicalTapeWriter writer = new(work.Context, set, 3, work.Token))
        {
            writer.Begin(merged);
            foreach (TapeCursor cursor in merge.Cursors)
            {
                while (cursor.MoveNext())
                {
                    work.Look();
                    writer.Write(new ReadOnlySpan<byte>(cursor.Current, (int)(cursor.End - cursor.Current)));
                }
            }

            writer.Finish();
        }

        merged.Freeze();
        Assert.Equal((TapeCount * (long)TapeBytes + BlockBytes - 1) / BlockBytes, set.BlocksInUse);
        using LogicalTapeReader reader = new(work.Context, merged, 4, work.Token);
        byte[] found = new byte[TapeBytes];
        for (int tape = TapeCount - 1; tape >= 0; tape--)
        {
            work.Look();
            reader.Seek(tape * (long)TapeBytes);
            Assert.Equal(TapeBytes, reader.Read(found));
            Assert.Equal(-1, found.AsSpan().IndexOfAnyExcept((byte)(tape + 1)));
        }
    }

    private static void WriteAll(FaultyWork work, LogicalTapeSet set, LogicalTape[] tapes)
    {
        LogicalTapeWriter[] writers = [.. tapes.Select(_ => new LogicalTapeWriter(work.Context, set, 2, work.Token))];
        try
        {
            for (int tape = 0; tape < tapes.Length; tape++) writers[tape].Begin(tapes[tape]);
            byte[] data = new byte[PartBytes];
            for (int part = 0; part < TapeBytes / PartBytes; part++)
            {
                for (int tape = 0; tape < tapes.Length; tape++)
                {
                    work.Look();
                    data.AsSpan().Fill((byte)(tape + 1));
                    writers[tape].Write(data);
                }
            }

            foreach (LogicalTapeWriter writer in writers) writer.Finish();
        }
        finally
        {
            foreach (LogicalTapeWriter writer in writers) writer.Dispose();
        }
    }
}
