using System.Buffers;
using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>Asynchronous files against a model in memory, and at their edges.</summary>
public sealed class AioFileTests
{
    private static readonly IoOpenOptions s_new = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.OpenOrCreate };

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task RandomReadsAndWritesAgreeWithAModel(string method)
    {
        const int FileBytes = 300_000;
        const int Seed = 20_261_120;
        Random random = new(Seed);
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, handles: 8, vectors: 4);
        await using AioFile file = await AioFile.OpenAsync(system, folder.File(), s_new);
        byte[] model = new byte[FileBytes];
        await file.SetLengthAsync(FileBytes);
        for (int step = 0; step < 400; step++)
        {
            int offset = random.Next(FileBytes);
            int[] lengths = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(4) == 0 ? 0 : random.Next(1, 9000))];
            bool isSingle = random.Next(3) == 0;
            if (isSingle) lengths = lengths[..1];
            int total = Math.Min(lengths.Sum(), FileBytes - offset);
            if (random.Next(2) == 0)
            {
                byte[] data = new byte[total];
                random.NextBytes(data);
                data.CopyTo(model, offset);
                AioDurability durability = random.Next(20) == 0 ? (AioDurability)random.Next(1, 3) : AioDurability.None;
                if (isSingle) await file.WriteAsync(data, offset, durability).AsTask().WaitAsync(TestSystem.Watchdog);
                else await file.WriteAsync(Cut(data, lengths), offset, durability).AsTask().WaitAsync(TestSystem.Watchdog);
                continue;
            }

            Memory<byte>[] pieces = [.. lengths.Select(static length => new Memory<byte>(new byte[length]))];
            long read = isSingle
                ? await file.ReadAsync(pieces[0], offset).AsTask().WaitAsync(TestSystem.Watchdog)
                : await file.ReadAsync(pieces, offset).AsTask().WaitAsync(TestSystem.Watchdog);
            byte[] got = [.. pieces.SelectMany(static piece => piece.ToArray()).Take((int)read)];
            Assert.True(
                read == total,
                $"Step {step} of seed {Seed}: {read} bytes read at {offset}, {total} are there; pieces {string.Join(",", lengths)}; "
                    + $"single {isSingle}; file {file.GetLength()}.");
            Assert.True(got.AsSpan().SequenceEqual(model.AsSpan(offset, total)), $"Step {step} of seed {Seed}: other bytes.");
        }
    }

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task ManyMoreOperationsThanHandlesAllEnd(string method)
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, handles: 4, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.File(), s_new);
        await Task.WhenAll(
            Enumerable.Range(0, 2000).Select(
                number => file.WriteAsync(BitConverter.GetBytes(number), number * 4L).AsTask())).WaitAsync(TestSystem.Watchdog);
        byte[][] buffers = [.. Enumerable.Range(0, 2000).Select(static _ => new byte[4])];
        _ = await Task.WhenAll(
            buffers.Select((buffer, number) => file.ReadAsync(buffer, number * 4L).AsTask())).WaitAsync(TestSystem.Watchdog);
        for (int number = 0; number < buffers.Length; number++) Assert.Equal(number, BitConverter.ToInt32(buffers[number]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task AShortTransferIsContinuedToTheEnd(int bytesMax)
    {
        LinkedMethod method = new() { BytesMax = bytesMax };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, handles: 2, vectors: 2, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.File(), s_new);
        byte[] data = new byte[bytesMax * 1000 > 20_000 ? 20_000 : 5_000];
        new Random(1).NextBytes(data);
        await file.WriteAsync(data, 3).AsTask().WaitAsync(TestSystem.Watchdog);
        byte[] read = new byte[data.Length + 100];
        Assert.Equal(data.Length, await file.ReadAsync(read, 3).AsTask().WaitAsync(TestSystem.Watchdog));
        Assert.True(read.AsSpan(0, data.Length).SequenceEqual(data));
        Memory<byte>[] pieces = [new byte[11], new byte[0], new byte[13], new byte[1000]];
        Assert.Equal(1024, await file.ReadAsync(pieces, 3).AsTask().WaitAsync(TestSystem.Watchdog));
        Assert.True(pieces.SelectMany(static piece => piece.ToArray()).SequenceEqual(data.Take(1024)));
    }

    [Fact]
    public async Task TheRestOfAShortDirectReadBeginsAtAnAlignedPlace()
    {
        LinkedMethod method = new();
        List<long> offsets = [];
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        string path = folder.FileWith(new byte[10_000]);
        await using AioFile file = await AioFile.OpenAsync(system, path, new IoOpenOptions { Direct = true });
        method.Answer = request =>
        {
            offsets.Add(request.OffsetBytes);
            return null;
        };
        using BufferArena arena = system.CreateArena(16384, 1);
        using AioBuffer buffer = arena.Rent();
        Assert.Equal(10_000, await file.ReadAsync(buffer.Memory, 0));
        Assert.True(offsets.Count >= 2, "A short read is asked again, to see whether it was the end.");
        Assert.All(offsets, offset => Assert.Equal(0, offset % file.Capabilities.OffsetAlignmentBytes));
    }

    [Fact]
    public async Task AMisalignedDirectTransferIsToldWhatIsWrong()
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start("sync");
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith(new byte[8192]), new IoOpenOptions { Direct = true });
        using BufferArena arena = system.CreateArena(8192, 1);
        using AioBuffer buffer = arena.Rent();
        if (file.Capabilities.OffsetAlignmentBytes == 1) return;
        await AssertRefused("the offset 1 ", () => file.ReadAsync(buffer.Memory[..4096], 1).AsTask());
        await AssertRefused("the length 100 ", () => file.ReadAsync(buffer.Memory[..100], 0).AsTask());
        if (file.Capabilities.MemoryAlignmentBytes > 1)
        {
            await AssertRefused("the memory address 0x", () => file.ReadAsync(buffer.Memory.Slice(1, 4096), 0).AsTask());
        }

        buffer.Return();
        Assert.Equal(1, arena.FreeCount);

        async Task AssertRefused(string part, Func<Task> read)
        {
            ArgumentException refusal = await Assert.ThrowsAsync<ArgumentException>(read);
            Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
            Assert.Contains("multiple of", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task TheEndOfTheFileAndNothingAtAllAreNoErrors(string method)
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([1, 2, 3]), s_new);
        Assert.Equal(0, await file.ReadAsync(new byte[10], 3));
        Assert.Equal(0, await file.ReadAsync(new byte[10], 1000));
        Assert.Equal(1, await file.ReadAsync(new byte[10], 2));
        Assert.Equal(0, await file.ReadAsync(Memory<byte>.Empty, 0));
        Assert.Equal(0, await file.ReadAsync(Array.Empty<Memory<byte>>(), 0));
        await file.WriteAsync(ReadOnlyMemory<byte>.Empty, 0);
        await file.AllocateAsync(0, 5000);
        Assert.Equal(5000, file.GetLength());
        await file.StartWriteBackAsync(0, 5000);
        await file.FlushAsync();
        await file.FlushAllAsync();
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => { _ = file.ReadAsync(new byte[1], -1); });
    }

    [Fact]
    public async Task ACancelledWaitLeavesTheMemoryPinnedUntilTheReadIsOver()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith(new byte[100]), s_new);
        using CancellationTokenSource cancellation = new();
        PinCounter memory = new(100);
        Task<int> read = file.ReadAsync(memory.Memory, 0, cancellation.Token).AsTask();
        method.AwaitHeld(1);
        await cancellation.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Equal(cancellation.Token, cancelled.CancellationToken);
        Assert.Equal(1, memory.Pins);
        Assert.Equal(1, method.LetGo());
        Assert.Equal(0, memory.Pins);
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.FlushAsync(cancellation.Token).AsTask());
    }

    [Fact]
    public async Task AVectoredCallThatFailsHalfWayUnpinsWhatItPinned()
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start("sync", shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.File(), s_new);
        PinCounter good = new(10);
        PinCounter bad = new(10) { Refuses = true };
        _ = Assert.Throws<InvalidOperationException>(() => { _ = file.ReadAsync(new Memory<byte>[] { good.Memory, bad.Memory }, 0); });
        Assert.Equal(0, good.Pins);
        await file.WriteAsync(new byte[] { 1 }, 0);
    }

    [Fact]
    public async Task DisposeWaitsForWhatIsInFlightAndForTheDescriptor()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        for (int round = 0; round < 20; round++)
        {
            IoOpenOptions exclusive = s_new with { Exclusive = true };
            AioFile file = await AioFile.OpenAsync(system, folder.File(), exclusive);
            Task<int> read = file.ReadAsync(new byte[10], 0).AsTask();
            method.AwaitHeld(1);
            Task disposed = file.DisposeAsync().AsTask();
            Assert.False(disposed.IsCompleted);
            _ = Assert.Throws<ObjectDisposedException>(() => { _ = file.ReadAsync(new byte[10], 0); });
            TestThread completes = new(() => method.LetGo());
            completes.Start();
            await disposed.WaitAsync(TestSystem.Watchdog);

            // The lock goes with the descriptor.
            IoFile again = system.FileSystem.Open(folder.File(), exclusive);
            again.Dispose();
            completes.Join();
            Assert.Equal(0, await read);
        }
    }

    [Fact]
    public async Task AFailedFlushPoisonsTheFileForEverybody()
    {
        LinkedMethod method = new();
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([1, 2]), s_new);
        method.Answer = static request => request.Operation == IoOperation.Fdatasync ? new IoOutcome(-Errno.EIO) : null;
        AioException failed = await Assert.ThrowsAsync<AioException>(() => file.FlushAsync().AsTask());
        Assert.Equal("EIO", failed.ErrnoName);
        Assert.True(failed.Result.IsFlushFailure);
        method.Answer = null;
        Assert.True(file.IsPoisoned);
        AioException later = await Assert.ThrowsAsync<AioException>(() => file.FlushAsync().AsTask());
        Assert.Contains("poisoned", later.Message, StringComparison.Ordinal);
        _ = await Assert.ThrowsAsync<AioException>(() => file.ReadAsync(new byte[2], 0).AsTask());
        _ = await Assert.ThrowsAsync<AioException>(() => file.WriteAsync(new byte[2], 0).AsTask());
    }

    [Fact]
    public async Task NamesAreMadeChangedAndRemovedDurably()
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start("worker");
        await using (AioFile file = await AioFile.CreateDurableAsync(system, folder.File("new")))
        {
            await file.WriteAsync("content"u8.ToArray(), 0, AioDurability.FlushAfter);
        }
        _ = await Assert.ThrowsAsync<AioException>(() => AioFile.CreateDurableAsync(system, folder.File("new")));
        _ = Directory.CreateDirectory(folder.File("other"));
        await AioFile.RenameDurableAsync(system, folder.File("new"), folder.File("other/final"));
        Assert.Equal("content", await File.ReadAllTextAsync(folder.File("other/final")));
        await AioFile.RemoveDurableAsync(system, folder.File("other/final"));
        Assert.False(File.Exists(folder.File("other/final")));
        _ = await Assert.ThrowsAsync<AioException>(() => AioFile.RemoveDurableAsync(system, folder.File("other/final")));
    }

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task MemoryStaysWhereItIsUnderACollector(string method)
    {
        const int Bytes = 3000;
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method);
        byte[] content = new byte[200_000];
        new Random(3).NextBytes(content);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith(content));
        using CancellationTokenSource ends = new();
        Task collects = Task.Run(() =>
        {
            while (!ends.IsCancellationRequested) GC.Collect(0, GCCollectionMode.Forced, blocking: true, compacting: true);
        });
        for (int round = 0; round < 60; round++)
        {
            byte[][] buffers = [.. Enumerable.Range(0, 40).Select(static _ => new byte[Bytes])];
            _ = await Task.WhenAll(
                buffers.Select((buffer, index) => file.ReadAsync(buffer, index * 4000L).AsTask())).WaitAsync(TestSystem.Watchdog);
            for (int index = 0; index < buffers.Length; index++)
            {
                Assert.True(buffers[index].AsSpan().SequenceEqual(content.AsSpan(index * 4000, Bytes)));
            }
        }

        await ends.CancelAsync();
        await collects;
    }

    private static ReadOnlyMemory<byte>[] Cut(byte[] data, int[] lengths)
    {
        List<ReadOnlyMemory<byte>> pieces = [];
        int position = 0;
        foreach (int length in lengths)
        {
            int taken = Math.Min(length, data.Length - position);
            pieces.Add(data.AsMemory(position, taken));
            position += taken;
        }

        return [.. pieces];
    }

    private sealed unsafe class PinCounter(int length) : MemoryManager<byte>
    {
        private readonly byte[] _bytes = GC.AllocateArray<byte>(length, pinned: true);
        private int _pins;

        internal int Pins => Volatile.Read(ref _pins);

        internal bool Refuses { get; init; }

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            if (Refuses) throw new InvalidOperationException("refused");
            _ = Interlocked.Increment(ref _pins);
            return new MemoryHandle(
                (void*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, elementIndex), default, this);
        }

        public override void Unpin() => Interlocked.Decrement(ref _pins);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
