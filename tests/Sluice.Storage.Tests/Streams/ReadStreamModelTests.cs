using Sluice.Testing;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Streams;

/// <summary>Read streams against a plain list: any blocks, any sizes, pauses, resets, failures, both ways of pulling; and what it all
/// allocates.</summary>
public sealed class ReadStreamModelTests
{
    private const uint Blocks = 200;

    [Theory]
    [InlineData("sync", 30)]
    [InlineData("worker", 20)]
    [InlineData("io_uring", 30)]
    public async Task AStreamGivesWhatAPlainListGives(string method, int seeds)
    {
        // SLUICE_SEED repeats a run that failed.
        string? asked = Environment.GetEnvironmentVariable("SLUICE_SEED");
        int first = asked is null ? Random.Shared.Next(1_000_000) : int.Parse(asked, System.Globalization.CultureInfo.InvariantCulture);
        if (asked is not null) seeds = 1;
        for (int seed = first; seed < first + seeds; seed++)
        {
            try
            {
                await RunAsync(method, new Random(seed));
            }
            catch (Exception exception)
            {
                Assert.Fail($"{method}, seed {seed}: {exception}");
            }
        }
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task APageCostsNoMemoryWhenBlocking(string method)
    {
        await using StreamRig rig = await StreamRig.StartAsync(
            method, blocks: 1024, new BufferPoolOptions { BufferCount = 128 }, configure: options => UseItself(options, method));
        uint next = 0;
        using ReadStream stream = rig.Stream(BlockSource.From(() => next++ % 1024));
        Pull(stream, 4096);
        AllocationMeter meter = AllocationMeter.Start();
        Pull(stream, 4096);
        Assert.Equal(0, meter.Bytes);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task APageCostsNoMemoryOnALoop(string method)
    {
        await using StreamRig rig = await StreamRig.StartAsync(
            method, blocks: 1024, new BufferPoolOptions { BufferCount = 128 }, configure: options => UseItself(options, method));
        using AioLoop loop = rig.Storage.System.CreateLoop();
        long allocated = long.MaxValue;
        await loop.InvokeAsync(async () =>
        {
            await using BufferSession session = rig.Pool.CreateSession("loop", new BufferSessionOptions { Context = loop.Context });
            uint next = 0;
            using ReadStream stream = new(session, rig.Relation, RelationFork.Main, BlockSource.From(() => next++ % 1024));
            await PullAsync(stream, 4096);

            // Everything of the process, so that what runs elsewhere on the stream's behalf counts; the test host may allocate beside it.
            for (int attempt = 0; attempt < 5 && allocated >= 4096; attempt++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                await PullAsync(stream, 4096);
                allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
            }
        });
        Assert.True(allocated < 4096, $"{allocated} bytes for 4096 pages.");
    }

    // What injects faults allocates.
    private static void UseItself(AioSystemOptions options, string method)
    {
        options.Method = method;
        options.Catalog = null;
    }

    private static void Pull(ReadStream stream, int count)
    {
        for (int index = 0; index < count; index++) stream.Next().Release();
    }

    private static async Task PullAsync(ReadStream stream, int count)
    {
        for (int index = 0; index < count; index++) (await stream.NextAsync()).Release();
    }

    private static async Task RunAsync(string method, Random random)
    {
        BufferPoolOptions poolOptions = new() { BufferCount = random.Next(16, 160), CombineMax = random.Next(1, 17) };
        StorageOptions storageOptions = new() { SegmentBlocks = (uint)random.Next(1, 4) * 50 };
        await using StreamRig rig =
            await StreamRig.StartAsync(method, Blocks, poolOptions, isTemporary: random.Next(6) == 0, storageOptions: storageOptions);
        int failuresPercent = random.Next(3) == 0 ? random.Next(1, 15) : 0;
        Random faults = new(random.Next());
        using Injection? failing = failuresPercent == 0
            ? null
            : rig.Control.Replace(
                _ => -Errno.EIO,
                request =>
                {
                    lock (faults) return request.Operation == IoOperation.Read && faults.Next(100) < failuresPercent;
                });
        using Injection shortened = rig.Control.Replace(
            static result => result / 2,
            request =>
            {
                lock (faults) return request.Operation == IoOperation.Read && request.LengthBytes > StorageLimits.PageBytes
                    && faults.Next(100) < 10;
            });
        ModelSource source = new(MakeBlocks(random), random.Next(3) == 0 ? 10 : 0, new Random(random.Next()));
        ReadStreamOptions options = new()
        {
            IosMax = random.Next(4) == 0 ? 0 : random.Next(1, 20),
            CombineBlocksMax = random.Next(1, 20),
            PinnedMax = random.Next(3) == 0 ? random.Next(1, 20) : 0,
            IsFull = random.Next(2) == 0,
            UsesBatches = random.Next(2) == 0,
            DataBytes = random.Next(2) == 0 ? 0 : sizeof(int),
            Ring = random.Next(3) == 0 ? AccessRing.ForBulkRead(rig.Pool, 16) : null,
        };
        using ReadStream stream = rig.Stream(source, options);
        await PullAllAsync(rig, stream, source, options, random);
        stream.Dispose();
        Assert.Equal(0, rig.Session.PinCount);
    }

    private static async Task PullAllAsync(StreamRig rig, ReadStream stream, ModelSource source, ReadStreamOptions options, Random random)
    {
        List<BufferPin> kept = [];
        int endsInARow = 0;
        while (true)
        {
            BufferPin pin;
            try
            {
                pin = random.Next(2) == 0 ? stream.Next() : await stream.NextAsync();
            }
            catch (AioException)
            {
                source.Restart(stream);
                continue;
            }
            catch (StorageException) when (kept.Count != 0)
            {
                // The test itself keeps the buffers that the stream wants.
                ReleaseAll(rig, kept);
                source.Restart(stream);
                continue;
            }

            if (!pin.HasPage)
            {
                if (source.Consumed == source.Blocks.Length) break;
                Assert.True(++endsInARow < 1000, "A resumed stream gives nothing.");
                stream.Resume();
                continue;
            }

            endsInARow = 0;
            int place = source.Consumed++;
            Assert.Equal(source.Blocks[place], pin.BlockNumber);
            if (options.DataBytes != 0) Assert.Equal(place, BitConverter.ToInt32(stream.Data));
            kept.Add(pin);
            if (kept.Count > random.Next(4)) ReleaseAll(rig, kept);
            if (random.Next(150) == 0) source.Restart(stream);
        }

        ReleaseAll(rig, kept);
        Assert.False(stream.Next().HasPage);
    }

    private static void ReleaseAll(StreamRig rig, List<BufferPin> kept)
    {
        foreach (BufferPin pin in kept) rig.Take(pin);
        kept.Clear();
    }

    private static uint[] MakeBlocks(Random random)
    {
        List<uint> blocks = [];
        int count = random.Next(1, 500);
        while (blocks.Count < count)
        {
            uint at = (uint)random.Next((int)Blocks);
            int run = random.Next(1, 40);
            int step = random.Next(5) switch { 0 => -1, 1 => 0, 2 => 2, _ => 1 };
            for (int index = 0; index < run; index++)
            {
                long block = at + ((long)index * step);
                if (block is >= 0 and < Blocks) blocks.Add((uint)block);
            }
        }

        return [.. blocks];
    }

    private sealed class ModelSource(uint[] blocks, int pausePercent, Random random) : BlockSource
    {
        private int _next;

        internal uint[] Blocks { get; } = blocks;

        internal int Consumed { get; set; }

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (_next == Blocks.Length) return BlockNumbers.Invalid;
            if (random.Next(100) < pausePercent)
            {
                stream.Pause();
                return BlockNumbers.Invalid;
            }

            if (data.Length != 0) BitConverter.TryWriteBytes(data, _next);
            return Blocks[_next++];
        }

        /// <summary>After a reset the stream begins where the consumer is.</summary>
        internal void Restart(ReadStream stream)
        {
            stream.Reset();
            _next = Consumed;
        }
    }
}
