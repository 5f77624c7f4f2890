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
            for (int round = 0; !Volatile.Read(ref isOver); round++)
            {
                int slot = 8 + (round % 8);
                IoRequest last = bench.Requests[slot];
                if (last.Token != 0)
                {
                    SpinWait.SpinUntil(() => bench.Sink.Has(last.Token));
                    Check(slot);
                }

                lock (submitting)
                {
                    context.Submit([bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter)], waitFollows: false);
                    foreignDone++;
                }

                if (wakesToo) context.Wake();
            }
        });
        foreign.Start();
        for (int round = 0; round < rounds; round++)
        {
            lock (submitting)
            {
                for (int slot = 0; slot < 3; slot++)
                {
                    bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, 0, slot == 1 ? IoRequestFlags.None : IoRequestFlags.FlushAfter);
                }

                context.Submit(bench.Requests.AsSpan(0, 3), waitFollows: true);
            }

            do context.Wait(10_000);
            while (!bench.Sink.Has(bench.Requests[0].Token) || !bench.Sink.Has(bench.Requests[1].Token) || !bench.Sink.Has(bench.Requests[2].Token));
            Check(0);
            Check(2);
        }

        Volatile.Write(ref isOver, true);
        while (foreign.IsAlive) context.Wait(5);
        bench.WaitForCount((rounds * 3) + foreignDone);
        Assert.Equal(0, split);
        Assert.Equal(0, bench.Sink.Doubles);
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
