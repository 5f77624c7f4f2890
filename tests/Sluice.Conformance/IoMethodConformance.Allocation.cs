using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>In steady state an I/O allocates nothing, whoever waits in whatever way.</summary>
public abstract partial class IoMethodConformance
{
    private const int Measured = 20_000;

    // Flushes are slow on real files; fewer say as much, because one allocation per flush is far above the bound.
    private const int MeasuredFlushes = 300;

    [Theory]
    [InlineData(IoOperation.Read)]
    [InlineData(IoOperation.Write)]
    [InlineData(IoOperation.Fdatasync)]
    public void ABlockingIoAllocatesNothing(IoOperation operation) => Run(run =>
    {
        if (!run.Method.AllocatesNothing) return;
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        int count = CountOf(operation);
        Do(count / 4 + 100);

        // Exactly nothing on the thread that issues and waits.
        long before = GC.GetAllocatedBytesForCurrentThread();
        Do(count);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        AssertNoneInTheProcess(() => Do(count), count);

        void Do(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                AioHandle handle = context.Acquire(place);
                WaitReference reference = handle.Reference;
                BlockTarget target = new(0, 1);
                if (operation == IoOperation.Read) target.StartRead(handle, file, 0, memory.Block(0));
                else if (operation == IoOperation.Write) target.StartWrite(handle, file, 0, memory.Block(0));
                else target.StartFdatasync(handle, file);
                context.Wait(reference);
            }
        }
    });

    [Theory]
    [InlineData(IoOperation.Read)]
    [InlineData(IoOperation.Write)]
    [InlineData(IoOperation.Fdatasync)]
    public void AnAwaitedIoAllocatesNothing(IoOperation operation) => Run(run =>
    {
        if (!run.Method.AllocatesNothing) return;
        using FileWork work = new(run);
        int count = CountOf(operation);
        Watchdog.Wait(Task.Run(() => work.DoAsync(operation, count / 4 + 100)), "the warm-up");
        AssertNoneInTheProcess(() => Watchdog.Wait(Task.Run(() => work.DoAsync(operation, count)), "the measured part"), count);
    });

    [Theory]
    [InlineData(IoOperation.Read)]
    [InlineData(IoOperation.Write)]
    [InlineData(IoOperation.Fdatasync)]
    public void AnIoOnALoopAllocatesNothing(IoOperation operation) => Run(run =>
    {
        if (!run.Method.AllocatesNothing) return;
        using FileWork work = new(run);
        using AioLoop loop = run.System.CreateLoop();
        int count = CountOf(operation);
        Watchdog.Wait(loop.InvokeAsync(() => work.DoAsync(operation, count / 4 + 100)), "the warm-up");
        AssertNoneInTheProcess(() => Watchdog.Wait(loop.InvokeAsync(() => work.DoAsync(operation, count)), "the measured part"), count);
    });

    private static int CountOf(IoOperation operation) => operation == IoOperation.Fdatasync ? MeasuredFlushes : Measured;

    // Not exactly nothing: the measurement counts the whole process, in which the test runner, the tiered compiler and the thread pool
    // also live. Less than a byte per I/O cannot hide an object per I/O; the best of three takes out a runner that was busy.
    private static void AssertNoneInTheProcess(Action measured, int operations)
    {
        double best = double.MaxValue;
        for (int attempt = 0; attempt < 4 && best >= 1; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            measured();
            long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

            // What it costs to begin and end the measured part: a task, its state machine.
            best = Math.Min(best, Math.Max(0, allocated - 4096) / (double)operations);
        }

        Assert.True(best < 1, $"{best:0.00} bytes were allocated per I/O.");
    }

    private sealed class FileWork : IDisposable
    {
        private readonly AioFile _file;
        private readonly byte[] _buffer = GC.AllocateArray<byte>(Pattern.BlockBytes, pinned: true);

        internal FileWork(ConformanceRun run) =>
            _file = AioFile.Open(run.System, run.CreatePath(8), new IoOpenOptions { Access = IoAccess.ReadWrite });

        internal async Task DoAsync(IoOperation operation, int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                if (operation == IoOperation.Read) await _file.ReadAsync(_buffer, 0);
                else if (operation == IoOperation.Write) await _file.WriteAsync(_buffer, 0);
                else await _file.FlushAsync();
            }
        }

        public void Dispose() => _file.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
