using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Tests;

/// <summary>A write with its flush is one completion, and never says durable when it is not.</summary>
[Collection(nameof(ProcessWide))]
public sealed unsafe partial class FlushAfterTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFullWriteIsFlushedAndCompletesOnce(bool waitFollows)
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(8192, 4);
        IoRequest request = bench.PrepareTransfer(3, file, IoOperation.Write, memory, 8192, 0, IoRequestFlags.FlushAfter);
        Assert.Equal(new IoCompletion(request.Token, 8192), bench.Run(request, waitFollows));
        Assert.Equal(0, bench.Context.Reap());
        Assert.Equal(1, bench.Sink.Count);
        Assert.Equal(0, bench.Counter("unlinked_flushes"));
    }

    [Fact]
    public void AFailedWriteReportsTheWritesErrno()
    {
        using Bench bench = new();
        string path = Path.GetTempFileName();
        using IoFile file = IoFileSystem.OperatingSystem.Open(path, new IoOpenOptions { Access = IoAccess.Read });
        File.Delete(path);
        byte* memory = bench.Allocate(4096);
        IoRequest request = bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter);
        Assert.Equal(new IoCompletion(request.Token, -Errno.EBADF), bench.Run(request));
        Assert.Equal(1, bench.Sink.Count);

        // The flush was not done either: it was one chain for the kernel.
        Assert.Equal(-Errno.ECANCELED, ((IoUringContext)bench.Context).StateOf(0).FlushResult);
    }

    [Fact]
    public void WhileAWaiterMayEnterLateNoPairIsLinked()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        IoUringContext context = (IoUringContext)bench.Context;
        byte* memory = bench.Allocate(4096, 1);

        // The waiter counted one entry and was put to sleep before it entered.
        context.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: true);
        Assert.True(context.TryOpenExactEnter(out uint counted));
        Assert.Equal(1u, counted);

        // Another thread hands everything over, so the count no longer fits what is published after it.
        context.Submit([PreparePair(1)], waitFollows: false);
        context.Submit([PreparePair(2), PreparePair(3)], waitFollows: true);
        Assert.Equal(FlushMode.ByReaper, context.StateOf(1).Flush);
        Assert.Equal(FlushMode.ByReaper, context.StateOf(2).Flush);
        Assert.Equal(FlushMode.ByReaper, context.StateOf(3).Flush);

        Assert.Equal(1, context.Ring.Enter(counted, 0, 0, null));
        context.CloseExactEnter();
        bench.WaitForCount(4);
        for (ulong token = 1; token <= 4; token++) Assert.Equal(new IoCompletion(token, 4096), bench.Sink[token]);
        Assert.Equal(3, bench.Counter("unlinked_flushes"));

        Assert.Equal(4096, bench.Run(PreparePair(4)).Result);
        Assert.Equal(FlushMode.Linked, context.StateOf(4).Flush);
        IoRequest PreparePair(int slot) => bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter);
    }

    [Fact]
    public void OnceTheWaiterWasSeenToHaveEnteredPairsAreLinkedAgain()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        IoUringContext context = (IoUringContext)bench.Context;
        byte* memory = bench.Allocate(4096, 1);
        context.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: true);
        Assert.True(context.TryOpenExactEnter(out uint counted));
        Assert.Equal(1, context.Ring.Enter(counted, 0, 0, null));
        context.Submit([bench.PrepareTransfer(1, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter)], waitFollows: false);
        Assert.Equal(FlushMode.Linked, context.StateOf(1).Flush);
        context.CloseExactEnter();
        bench.WaitForCount(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APairIsNeverSplitWhateverElseIsHandedOver(bool wakesToo)
    {
        // Writes to a file that is open for reading fail, so the kernel cancels their flushes: one that was done all the same had
        // lost its write. A foreign thread submits pairs while the owner's hand-over is left to its wait.
        const int rounds = 6_000;
        using Bench bench = new();
        string path = Path.GetTempFileName();
        using IoFile file = IoFileSystem.OperatingSystem.Open(path, new IoOpenOptions { Access = IoAccess.Read });
        File.Delete(path);
        byte* memory = bench.Allocate(4096);
        IoUringContext context = (IoUringContext)bench.Context;
        Lock submitting = new();
        bool isOver = false;
        int foreignDone = 0;
        int split = 0;
        Thread foreign = new(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                lock (submitting)
                {
                    for (int slot = 1; slot < 4; slot++) Prepare(slot, IoRequestFlags.FlushAfter);
                    context.Submit(bench.Requests.AsSpan(1, 3), waitFollows: false);
                    foreignDone += 3;
                }

                if (wakesToo) context.Wake();
                for (int slot = 1; slot < 4; slot++)
                {
                    ulong token = bench.Requests[slot].Token;
                    SpinWait.SpinUntil(() => bench.Sink.Has(token));
                    Check(slot);
                }
            }
        });
        foreign.Start();
        for (int round = 0; round < rounds; round++)
        {
            ulong token;
            lock (submitting)
            {
                token = Prepare(0, round % 4 == 0 ? IoRequestFlags.FlushAfter : IoRequestFlags.None).Token;
                context.Submit(bench.Requests.AsSpan(0, 1), waitFollows: true);
            }

            do context.Wait(10_000);
            while (!bench.Sink.Has(token));
            Check(0);
        }

        Volatile.Write(ref isOver, true);
        while (foreign.IsAlive) context.Wait(5);
        bench.WaitForCount(rounds + foreignDone);
        Assert.Equal(0, split);
        Assert.Equal(0, bench.Sink.Doubles);
        IoRequest Prepare(int slot, IoRequestFlags flags) => bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, 0, flags);
        void Check(int slot)
        {
            SlotState state = context.StateOf(slot);
            if (state.Flush == FlushMode.Linked && state.FlushResult != -Errno.ECANCELED) Interlocked.Increment(ref split);
        }
    }

    [Fact]
    public void AFailedFlushIsToldApartFromAFailedWrite()
    {
        // A pipe-like device takes writes and refuses fdatasync.
        using Bench bench = new();
        using IoFile file = IoFileSystem.OperatingSystem.Open("/dev/null", new IoOpenOptions { Access = IoAccess.Write });
        byte* memory = bench.Allocate(4096);
        IoRequest request = bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter);
        Assert.Equal(new IoCompletion(request.Token, -Errno.EINVAL, IoOutcomeDetail.FlushFailed), bench.Run(request));
    }

    [Fact]
    public void AShortWriteIsReportedShortAndNotFlushed()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(8192, 6);
        const long offset = 64L << 30;
        ulong* old = stackalloc ulong[2];
        ulong* limit = stackalloc ulong[2];
        const int fileSize = 1;
        Assert.Equal(0, PrLimit(0, fileSize, null, old));

        // So far up that no other writer of this process meets it.
        limit[0] = (ulong)offset + 4096;
        limit[1] = old[1];
        Assert.Equal(0, PrLimit(0, fileSize, limit, null));
        try
        {
            IoRequest request = bench.PrepareTransfer(0, file, IoOperation.Write, memory, 8192, offset, IoRequestFlags.FlushAfter);
            Assert.Equal(new IoCompletion(request.Token, 4096), bench.Run(request));
            Assert.Equal(1, bench.Sink.Count);
        }
        finally
        {
            Assert.Equal(0, PrLimit(0, fileSize, old, null));
        }
    }

    [Fact]
    public void ManyPairsAtOnceEachCompleteOnce()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 6);
        for (int slot = 0; slot < 32; slot++)
        {
            IoRequestFlags flags = slot % 3 == 0 ? IoRequestFlags.None : IoRequestFlags.FlushAfter;
            bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, slot * 4096L, flags);
        }

        bench.Context.Submit(bench.Requests.AsSpan(0, 32), waitFollows: true);
        bench.WaitForCount(32);
        for (ulong token = 1; token <= 32; token++) Assert.Equal(new IoCompletion(token, 4096), bench.Sink[token]);
        Assert.Equal(0, bench.Sink.Doubles);
    }

    [LibraryImport("libc", EntryPoint = "prlimit64", SetLastError = true)]
    internal static partial int PrLimit(int process, int resource, ulong* newLimit, ulong* oldLimit);
}

/// <summary>Tests that change what the whole process shares run alone.</summary>
[CollectionDefinition(nameof(ProcessWide), DisableParallelization = true)]
public sealed class ProcessWide;
