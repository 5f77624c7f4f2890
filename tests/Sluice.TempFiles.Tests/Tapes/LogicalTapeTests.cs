using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.Tapes;

/// <summary>Many tapes in one file, against arrays in memory.</summary>
public sealed unsafe class LogicalTapeTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void EveryTapeGivesWhatWasWrittenToItAndItsBlocksAreUsedAgain(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 10; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            Play(run, seed);
        }
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void ShortDelayedAndReorderedTransfersChangeNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 100; seed < 104; seed++)
        {
            using TestRun run = TestRun.StartDisturbed(method, seed, delayed: 0.3, shortened: 0.3);
            Play(run, seed);
        }
    });

    [Fact]
    public void AFrozenTapeIsReadAnywhereAsOftenAsIsWanted() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 16384 });
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096);
        byte[] data = new byte[100_000];
        new Random(1).NextBytes(data);
        LogicalTape tape = set.CreateTape();
        using LogicalTapeWriter writer = new(context, set, 3);
        writer.Begin(tape);
        Assert.Throws<InvalidOperationException>(tape.Freeze);
        writer.Write(data);
        writer.Finish();
        tape.Freeze();
        using LogicalTapeReader reader = new(context, tape, 4);
        Random random = new(2);
        byte[] back = new byte[10_000];
        for (int step = 0; step < 300; step++)
        {
            int count = random.Next(back.Length);
            if (random.Next(3) == 0) reader.Seek(random.Next(data.Length + 1));
            else if (random.Next(3) == 0) reader.Backspace(Math.Min(reader.Position, random.Next(5000)));
            int from = (int)reader.Position;
            int found = reader.Read(back.AsSpan(0, count));
            Assert.Equal(Math.Min(count, data.Length - from), found);
            Assert.True(data.AsSpan(from, found).SequenceEqual(back.AsSpan(0, found)));
        }

        long used = set.BlocksInUse;
        Assert.Equal((data.Length + 4095) / 4096, used);
        tape.Discard();
        Assert.Equal(0, set.BlocksInUse);
    });

    [Fact]
    public void AWriterThatHasFailedOrHasNoTapeRefusesToWrite() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096);
        using LogicalTapeWriter writer = new(context, set, 2);
        Assert.Throws<InvalidOperationException>(() => writer.Write([1]));
        writer.Begin(set.CreateTape());
        writer.Write([1]);
        writer.Finish();
        Assert.Throws<InvalidOperationException>(() => writer.Write([1]));
        Assert.Throws<InvalidOperationException>(writer.Finish);
        LogicalTape tape = set.CreateTape();
        writer.Begin(tape);
        using (run.Control.Replace(static _ => -Errno.EIO, static request => request.Operation == IoOperation.Write, times: 1))
        {
            Assert.Throws<AioException>(() => writer.Write(new byte[5 * 4096]));
        }

        Assert.Throws<InvalidOperationException>(() => writer.Write([1]));
        Assert.Throws<InvalidOperationException>(writer.Finish);
        Assert.False(tape.IsFinished);
        Assert.Throws<InvalidOperationException>(() => writer.Begin(set.CreateTape()));
        writer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => writer.Write([1]));
    });

    [Fact]
    public void BlocksAreHandedOutLowestFirst()
    {
        Random random = new(3);
        BlockMap map = new();
        SortedSet<long> used = [];
        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(2) == 0)
            {
                long first = map.Take(random.Next(1, 40), out int count);
                long lowest = 0;
                foreach (long block in used)
                {
                    if (block != lowest) break;
                    lowest++;
                }

                Assert.Equal(lowest, first);
                for (int index = 0; index < count; index++) Assert.True(used.Add(first + index));
            }
            else if (used.Count > 0)
            {
                for (int index = 0; index < 10 && used.Count > 0; index++)
                {
                    long block = used.ElementAt(random.Next(used.Count));
                    used.Remove(block);
                    map.Return(block);
                    Assert.Throws<InvalidOperationException>(() => map.Return(block));
                }
            }

            Assert.Equal(used.Count, map.InUse);
        }
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void AMergeThatHasToWaitHasReadsOfEveryTapeInFlight(string method) => TestRun.WithinWatchdog(() =>
    {
        const int TapeCount = 8;
        const int BlocksBefore = 10;
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("merge"), 4096);
        LogicalTape[] tapes = [.. Enumerable.Range(0, TapeCount).Select(_ => set.CreateTape())];
        WriteInTurn(context, set, tapes, blocks: 40);
        foreach (LogicalTape tape in tapes) tape.Freeze();

        TapeMergeReader? merge = null;
        List<HeldRequest> atFirst = HeldIo.WhenItWaits(run, IoOperation.Read, () => merge?.Stalls ?? 0, TapeCount, () =>
        {
            merge = new TapeMergeReader(context, set, tapes, 8 * TapeCount);
            Assert.True(merge.Cursors[0].MoveNext());
        });
        Assert.Equal(TapeCount, atFirst.Select(TapeOf).Distinct().Count());

        // And so it is in the midst of it, when as much is taken of each.
        for (int block = 1; block < BlocksBefore * TapeCount; block++) Assert.True(merge!.Cursors[block % TapeCount].MoveNext());
        long stalls = merge!.Stalls;
        List<HeldRequest> inTheMidst = HeldIo.WhenItWaits(run, IoOperation.Read, () => merge.Stalls - stalls, TapeCount / 2, () =>
        {
            for (int block = 0; merge.Stalls == stalls; block++) Assert.True(merge.Cursors[block % TapeCount].MoveNext());
        });
        Assert.True(inTheMidst.Select(TapeOf).Distinct().Count() >= TapeCount / 2, string.Join(", ", inTheMidst));
        merge.Dispose();

        int TapeOf(HeldRequest request) =>
            Array.FindIndex(tapes, tape => Enumerable.Range(0, 40).Any(block => tape.BlockAt(block, out _) * 4096 == request.OffsetBytes));
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void ATapeIsWrittenBehindItsProducerByTheBuffersThereAreAndNoFurther(string method) => TestRun.WithinWatchdog(() =>
    {
        const int Buffers = 8;
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("behind"), 4096);
        using LogicalTapeWriter writer = new(context, set, Buffers);
        LogicalTape tape = set.CreateTape();
        List<HeldRequest> inFlight = HeldIo.WhenItWaits(run, IoOperation.Write, () => writer.Stalls, 2, () =>
        {
            writer.Begin(tape);
            writer.Write(new byte[5 * Buffers * 4096]);
            writer.Finish();
        });
        Assert.InRange(inFlight.Sum(static request => request.LengthBytes), Buffers * 4096 / 2, Buffers * 4096);
        Assert.Equal(5 * Buffers * 4096, tape.LengthBytes);
    });

    [Fact]
    public void ReadsOfBlocksThatFollowEachOtherAreCombined() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096);
        LogicalTape[] tapes = [.. Enumerable.Range(0, 4).Select(_ => set.CreateTape())];
        using (LogicalTapeWriter writer = new(context, set, 32))
        {
            foreach (LogicalTape tape in tapes)
            {
                writer.Begin(tape);
                writer.Write(new byte[100 * 4096]);
                writer.Finish();
            }

            Assert.True(writer.WriteCount <= 400 / 8, $"{writer.WriteCount} writes for 400 blocks.");
        }

        using TapeMergeReader merge = new(context, set, tapes, 64);
        for (int block = 0; block < 100; block++)
        {
            foreach (TapeCursor cursor in merge.Cursors) Assert.True(cursor.MoveNext());
        }

        Assert.Equal(400, merge.BlockCount);
        Assert.True(merge.ReadCount <= 400 / 4, $"{merge.ReadCount} reads for 400 blocks.");
    });

    [Fact]
    public void TheTapeThatIsReadGetsMostOfTheBudget() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096);
        LogicalTape[] tapes = [.. Enumerable.Range(0, 8).Select(_ => set.CreateTape())];
        using (LogicalTapeWriter writer = new(context, set, 4))
        {
            foreach (LogicalTape tape in tapes)
            {
                writer.Begin(tape);
                writer.Write(new byte[200 * 4096]);
                writer.Finish();
            }
        }

        using TapeMergeReader merge = new(context, set, tapes, 64);
        for (int block = 0; block < 150; block++) Assert.True(merge.Cursors[3].MoveNext());
        Assert.True(merge.Cursors[3].Target > 24, $"It has {merge.Cursors[3].Target} of 64.");
        for (int block = 0; block < 150; block++) Assert.True(merge.Cursors[5].MoveNext());
        Assert.True(merge.Cursors[5].Held < 32, "What was read ahead on another tape is kept until it is read.");
        while (merge.Cursors[3].MoveNext())
        {
        }

        for (int block = 0; block < 40; block++) Assert.True(merge.Cursors[5].MoveNext());
        Assert.True(merge.Cursors[5].Target > 24, $"It has {merge.Cursors[5].Target} of 64.");
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void WritingAndReadingABlockAllocatesNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096);
        LogicalTape tape = set.CreateTape();
        using LogicalTapeWriter writer = new(context, set, 8);
        byte[] data = new byte[1000];
        writer.Begin(tape);
        for (int index = 0; index < 1000; index++) writer.Write(data);
        AllocationMeter meter = AllocationMeter.Start();
        for (int index = 0; index < 1000; index++) writer.Write(data);
        Assert.Equal(0, meter.Bytes);
        writer.Finish();
        using TapeMergeReader merge = new(context, set, [tape], 16);
        for (int index = 0; index < 200; index++) merge.Cursors[0].MoveNext();
        meter = AllocationMeter.Start();
        for (int index = 0; index < 200; index++) merge.Cursors[0].MoveNext();
        Assert.Equal(0, meter.Bytes);
    });

    private static void WriteInTurn(AioContext context, LogicalTapeSet set, LogicalTape[] tapes, int blocks)
    {
        LogicalTapeWriter[] writers = [.. tapes.Select(_ => new LogicalTapeWriter(context, set, 2))];
        for (int tape = 0; tape < tapes.Length; tape++) writers[tape].Begin(tapes[tape]);
        for (int block = 0; block < blocks; block++)
        {
            foreach (LogicalTapeWriter writer in writers) writer.Write(new byte[set.BlockBytes]);
        }

        foreach (LogicalTapeWriter writer in writers)
        {
            writer.Finish();
            writer.Dispose();
        }
    }

    private static void Play(TestRun run, int seed)
    {
        Random random = new(seed);
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions
        {
            PieceBytes = 4096 * random.Next(1, 20),
            Direct = seed % 3 == 1
            && run.System.MethodName == "io_uring"
        }))
        using (AioContext context = run.System.CreateContext())
        using (LogicalTapeSet set = new(space.CreateOwner("tapes"), 4096 * random.Next(1, 3), preallocates: random.Next(4) != 0))
        {
            int rounds = random.Next(1, 4);
            for (int round = 0; round < rounds; round++)
            {
                int count = random.Next(1, 6);
                LogicalTape[] tapes = [.. Enumerable.Range(0, count).Select(_ => set.CreateTape())];
                byte[][] data = [.. tapes.Select(_ => new byte[random.Next(random.Next(5) == 0 ? 1 : 60_000)])];
                LogicalTapeWriter[] writers = [.. tapes.Select(_ => new LogicalTapeWriter(context, set, random.Next(2, 9)))];
                int[] written = new int[count];
                for (int index = 0; index < count; index++)
                {
                    random.NextBytes(data[index]);
                    writers[index].Begin(tapes[index]);
                }

                while (written.Where((value, index) => value < data[index].Length).Any())
                {
                    int index = random.Next(count);
                    int length = Math.Min(data[index].Length - written[index], random.Next(5000));
                    writers[index].Write(data[index].AsSpan(written[index], length));
                    written[index] += length;
                }

                foreach (LogicalTapeWriter writer in writers)
                {
                    writer.Finish();
                    writer.Dispose();
                }

                long needed = data.Sum(content => (content.Length + set.BlockBytes - 1) / set.BlockBytes);
                Assert.Equal(needed, set.BlocksInUse);
                ReadAll(context, set, tapes, data, random);
                Assert.Equal(0, set.BlocksInUse);
            }
        }

        run.ExpectNothingLeft();
    }

    private static void ReadAll(AioContext context, LogicalTapeSet set, LogicalTape[] tapes, byte[][] data, Random random)
    {
        if (random.Next(3) == 0)
        {
            for (int index = 0; index < tapes.Length; index++)
            {
                using LogicalTapeReader reader = new(context, tapes[index], random.Next(1, 5));
                byte[] back = new byte[data[index].Length + 1];
                Assert.Equal(data[index].Length, reader.Read(back));
                Assert.True(data[index].AsSpan().SequenceEqual(back.AsSpan(0, data[index].Length)));
                Assert.Equal(0, reader.Read(back));
            }

            return;
        }

        using TapeMergeReader merge = new(context, set, tapes, tapes.Length + random.Next(12));
        int[] at = new int[tapes.Length];
        List<int> open = [.. Enumerable.Range(0, tapes.Length)];
        while (open.Count > 0)
        {
            int index = open[random.Next(random.Next(2) == 0 ? 1 : open.Count)];
            TapeCursor cursor = merge.Cursors[index];
            if (!cursor.MoveNext())
            {
                Assert.Equal(data[index].Length, at[index]);
                open.Remove(index);
                continue;
            }

            ReadOnlySpan<byte> block = new(cursor.Current, (int)(cursor.End - cursor.Current));
            Assert.True(data[index].AsSpan(at[index], block.Length).SequenceEqual(block));
            at[index] += block.Length;
        }
    }
}
