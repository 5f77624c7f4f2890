using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>
/// Many threads, many I/Os, threads that leave, memory that the collector would like to move. Content is always looked at.
/// </summary>
public abstract partial class IoMethodConformance
{
    private const int SmallBytes = 512;

    [Fact]
    public void SixteenThreadsWithManyIosEachReadWhatIsThere() => Run(
        run =>
        {
            const int Threads = 16;
            const int FileBlocks = 256;
            int each = IsSoak ? 1_000_000 : 1_000_000 / Threads;
            AioSystem system = run.Start(static options => options.HandlesPerContext = 32);
            IoFile file = run.CreateFile(FileBlocks);
            Task[] threads = [.. Enumerable.Range(0, Threads).Select(index =>
                ConformanceRun.OnThread(() => ReadRandomly(run, system, file, FileBlocks, each, index)))];
            foreach (Task thread in threads) thread.GetAwaiter().GetResult();
            Assert.Equal((long)Threads * each, system.ReadStatistics()[IoOperation.Read].Operations);
            Assert.Equal(0, system.ReadStatistics()[IoOperation.Read].Failures);
        },
        patienceSeconds: IsSoak ? 3600 : 180);

    // On Linux the kernel takes requests with it when their thread exits: cold buffered reads are cancelled or fail.
    [Fact]
    public void AThreadThatExitsRightAfterSubmittingLosesNothing() => Run(run =>
    {
        const int Reads = 64;
        const int PerRead = 16;
        using AioContext context = run.Start(static options => options.HandlesPerContext = Reads).CreateContext();
        IoFile file = run.CreateFile(Reads * PerRead);
        FlushAndDropFromCache(file);
        NativeBlock memory = run.Allocate(Reads * PerRead);
        AioReturn[] places = [.. Enumerable.Range(0, Reads).Select(static _ => new AioReturn())];
        for (int round = 0; round < 3; round++)
        {
            FlushAndDropFromCache(file);
            Thread issuer = new(() =>
            {
                using AioBatch batch = context.EnterBatch();
                for (int read = 0; read < Reads; read++)
                {
                    AioHandle handle = context.Acquire(places[read]);
                    handle.SetVector(memory.Vector(read * PerRead * Pattern.BlockBytes, PerRead * Pattern.BlockBytes));
                    new BlockTarget(read * PerRead, PerRead).StartRead(handle, file, (long)read * PerRead * Pattern.BlockBytes);
                }
            });
            issuer.Start();
            issuer.Join();
            while (context.WaitForAny())
            {
            }

            Assert.All(places, static place => Assert.Equal(AioResult.Ok(PerRead * Pattern.BlockBytes), place.Result));
            run.CheckContent(memory.Span, 0);
            memory.Span.Clear();
        }
    });

    [Fact]
    public void ManagedBuffersStayWhereTheyAreUnderCollections() => RunAsync(async run =>
    {
        await using AioFile file = AioFile.Open(run.System, run.CreatePath(64), new IoOpenOptions { Access = IoAccess.ReadWrite });
        bool isOver = false;
        int rounds = 0;
        Task collector = ConformanceRun.OnThread(() =>
        {
            List<byte[]> garbage = [];
            while (!Volatile.Read(ref isOver) && !run.IsAbandoned)
            {
                for (int index = 0; index < 64; index++) garbage.Add(new byte[2000]);
                if (garbage.Count > 2000) garbage.Clear();
                GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);

                // Collections one after the other would stop the flows for as long as the heap of the whole run is large.
                int seen = Volatile.Read(ref rounds);
                SpinWait.SpinUntil(() => Volatile.Read(ref rounds) >= seen + 4 || Volatile.Read(ref isOver), millisecondsTimeout: 1000);
            }
        });
        try
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(flow => Task.Run(async () =>
            {
                for (int round = 0; round < 150; round++)
                {
                    int block = ((flow * 8) + round) % 64;

                    // New arrays each time, so that there is something to move; cut out of the middle.
                    byte[] buffer = new byte[Pattern.BlockBytes + 128];
                    Memory<byte> part = buffer.AsMemory(64, Pattern.BlockBytes);
                    Assert.Equal(Pattern.BlockBytes, await file.ReadAsync(part, (long)block * Pattern.BlockBytes));
                    run.CheckContent(part.Span, (long)block * Pattern.BlockBytes);
                    Assert.True(buffer.AsSpan(0, 64).IndexOfAnyExcept((byte)0) < 0);
                    Assert.True(buffer.AsSpan(Pattern.BlockBytes + 64).IndexOfAnyExcept((byte)0) < 0);
                    await file.WriteAsync(part, (long)block * Pattern.BlockBytes);
                    Interlocked.Increment(ref rounds);
                }
            })));
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await collector;
        }
    });

    [Fact]
    public void ReadsWhoseWaitIsCancelledNeverWriteIntoSomebodyElsesBuffer() => RunAsync(async run =>
    {
        await using AioFile file = AioFile.Open(run.System, run.CreatePath(64));
        using BufferArena arena = run.System.CreateArena(Pattern.BlockBytes, 16);
        for (int round = 0; round < 200; round++)
        {
            using CancellationTokenSource cancellation = new();
            List<(AioBuffer Buffer, Task<int> Read)> reads = [];
            for (int index = 0; index < 8 && arena.TryRent(out AioBuffer? buffer); index++)
            {
                reads.Add((
                    buffer, file.ReadAsync(buffer.Memory, (long)((round + index) % 64) * Pattern.BlockBytes, cancellation.Token).AsTask()));
            }

            if (round % 2 == 0) await cancellation.CancelAsync();
            foreach ((AioBuffer buffer, Task<int> read) in reads)
            {
                try
                {
                    Assert.Equal(Pattern.BlockBytes, await read);
                }
                catch (OperationCanceledException)
                {
                }

                buffer.Return();
            }

            // Whatever can be rented now is nobody else's: what is put there stays.
            if (!arena.TryRent(out AioBuffer? fresh)) continue;
            fresh.Span.Fill((byte)round);
            await Task.Yield();
            Assert.True(fresh.Span.IndexOfAnyExcept((byte)round) < 0, "Somebody wrote into a rented buffer.");
            fresh.Return();
        }

        Watchdog.Until(() => arena.FreeCount == 16, "every buffer comes back");
    });

    private static void ReadRandomly(ConformanceRun run, AioSystem system, IoFile file, int fileBlocks, int count, int seed)
    {
        const int Depth = 16;
        using AioContext context = system.CreateContext($"thread-{seed}");
        NativeBlock memory = run.Allocate(1);
        AioReturnQueue filled = new();
        AioReturn[] places = [.. Enumerable.Range(0, Depth).Select(index => new AioReturn(filled, index))];
        ulong random = (ulong)seed + 1;
        int issued = 0;
        int done = 0;
        for (int index = 0; index < Depth && issued < count; index++) Issue(places[index]);
        context.Submit();
        while (done < count)
        {
            using (context.EnterBatch())
            {
                while (filled.TryTake(out AioReturn? place))
                {
                    if (place.Result != AioResult.Ok(SmallBytes)) place.ThrowIfFailed();
                    Assert.Equal(AioResult.Ok(SmallBytes), place.Result);
                    run.CheckContent(memory.Span.Slice(place.Tag * SmallBytes, SmallBytes), place.OffsetBytes);
                    done++;
                    if (issued < count) Issue(place);
                }
            }

            if (done < count && filled.Count == 0) context.WaitForAny();
        }

        void Issue(AioReturn place)
        {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            long offset = (long)(random % (ulong)(fileBlocks * (Pattern.BlockBytes / SmallBytes))) * SmallBytes;
            AioHandle handle = context.Acquire(place);
            issued++;
            new BlockTarget((int)(offset / Pattern.BlockBytes), 1).StartRead(
                handle, file, offset, memory.Vector(place.Tag * SmallBytes, SmallBytes));
        }
    }

    private static void FlushAndDropFromCache(IoFile file)
    {
        if (file is not OsFile os || !OperatingSystem.IsLinux()) return;
        _ = Support.Cache.Fsync(os.Descriptor);
        _ = Support.Cache.Advise(os.Descriptor, 0, 0, Support.Cache.DontNeed);
    }
}
