using System.Buffers.Binary;
using Sluice.Methods.Tests.Support;

namespace Sluice.Wal.Tests;

/// <summary>Many at once: everything arrives once, in the order of each, and nothing is allocated for a commit.</summary>
public sealed class ConcurrencyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string> Methods => TestLog.Methods;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task SixteenThreadsOfRandomSizesReadBack(string method)
    {
        const int threads = 16;
        const int each = 300;
        await using AioSystem system = TestLog.Start(method);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SealWaiters = 2 }))
        {
            Exception?[] failures = new Exception?[threads];
            Thread[] all = new Thread[threads];
            for (int index = 0; index < threads; index++)
            {
                int own = index;
                all[index] = new Thread(() =>
                {
                    try
                    {
                        Random random = new(own);
                        for (int number = 0; number < each; number++)
                        {
                            LogPosition end = log.Append((ushort)own, Body(own, number, random.Next(20) == 0 ? random.Next(60_000) : random.Next(300)));
                            if (random.Next(4) == 0) log.Flush(end);
                        }
                    }
                    catch (Exception exception)
                    {
                        failures[own] = exception;
                    }
                })
                { IsBackground = true };
                all[index].Start();
            }

            foreach (Thread thread in all) Assert.True(thread.Join(TestLog.Watchdog), "It hangs.");
            Assert.All(failures, Assert.Null);
        }

        await ExpectAsync(system, threads, each);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ManyFlowsThatAwaitReadBack(string method)
    {
        const int flows = 24;
        const int each = 200;
        await using AioSystem system = TestLog.Start(method);
        foreach (WalSyncForm form in (WalSyncForm[])[WalSyncForm.Fdatasync, WalSyncForm.WriteDatasync, WalSyncForm.LinkedFdatasync, WalSyncForm.OpenDatasync, WalSyncForm.OpenSync, WalSyncForm.Fsync])
        {
            string folder = Path.Combine(_folder.Path, form.ToString());
            await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, folder, TestLog.Small with { SyncForm = form, SealWaiters = 4 }))
            {
                await Task.WhenAll(Enumerable.Range(0, flows).Select(own => Task.Run(async () =>
                {
                    for (int number = 0; number < each; number++)
                    {
                        LogPosition end = await log.AppendAndFlushAsync((ushort)own, Body(own, number, (own * 17) + (number % 50)));
                        Assert.True(log.DurablePosition >= end);
                        if (number % 16 == 0) await Task.Yield();
                    }
                }))).WaitAsync(TestLog.Watchdog);
                WalStatistics statistics = log.ReadStatistics();
                Assert.True(statistics.Writes + statistics.Flushes < 2 * flows * each, "Commits share writes and flushes.");
                Assert.Equal((flows * each) + 1, statistics.Records);
            }

            await ExpectAsync(system, flows, each, folder);
        }
    }

    [Fact]
    public async Task OnALoopEverythingStaysThere()
    {
        await using AioSystem system = TestLog.Start();
        using AioLoop loop = system.CreateLoop("log");
        await loop.InvokeAsync(async () =>
        {
            await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
            int thread = Environment.CurrentManagedThreadId;
            Task[] flows = [.. Enumerable.Range(0, 16).Select(own => CommitAsync(own))];
            await Task.WhenAll(flows);
            Assert.Throws<InvalidOperationException>(() => log.Flush(log.Append(1, "x"u8)));

            async Task CommitAsync(int own)
            {
                for (int number = 0; number < 100; number++)
                {
                    await log.AppendAndFlushAsync((ushort)own, Body(own, number, number * 11));
                    Assert.Equal(thread, Environment.CurrentManagedThreadId);
                }
            }
        }).WaitAsync(TestLog.Watchdog);
        Assert.Equal(1601, (await TestLog.ReadAllAsync(system, _folder.Log)).Count);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ACommitAllocatesNothing(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SegmentBytes = 16 << 20 });
        byte[] body = TestLog.Body(1, 128);
        await RunAsync(500);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(500);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // Once per run: tasks of this test, timers of the pool. Per commit: nothing.
        Assert.True(least < 500 * 8, $"{least} bytes for 500 commits.");

        async Task RunAsync(int count)
        {
            for (int number = 0; number < count; number++) await log.AppendAndFlushAsync(1, body);
        }
    }

    [Fact]
    public async Task AnAsynchronousCommitIsDurableWithinItsTime()
    {
        ManualTimeProvider clock = new();
        await using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = "worker", HandlesPerContext = 64, SharedContexts = 2, TimeProvider = clock });
        WalOptions options = TestLog.Small with { AsynchronousCommitDelay = TimeSpan.FromMilliseconds(200), AsynchronousCommitBytes = 10_000 };
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, options);
        long writes = log.ReadStatistics().Writes;
        LogPosition first = log.Append(1, "soon"u8);
        log.FlushSoon(first);
        clock.Advance(150);

        // A later one does not put off the first.
        LogPosition second = log.Append(1, "sooner"u8);
        log.FlushSoon(second);
        clock.Advance(49);
        Assert.Equal(writes, log.ReadStatistics().Writes);
        Assert.True(log.DurablePosition < first);
        clock.Advance(1);
        await UntilDurableAsync(second);

        // The clock stands still: it is the bytes.
        LogPosition third = log.Append(1, TestLog.Body(1, 11_000));
        log.FlushSoon(third);
        await UntilDurableAsync(third);

        async Task UntilDurableAsync(LogPosition end)
        {
            using CancellationTokenSource watchdog = new(TestLog.Watchdog);
            while (log.DurablePosition < end) await Task.Delay(1, watchdog.Token);
        }
    }

    [Fact]
    public async Task ACancelledWaitLeavesTheFlushAlone()
    {
        TestPlugins.Injecting.InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        TestPlugins.Injecting.Injection stall = control.Stall(static request => request.Operation == IoOperation.Write);
        LogPosition end = log.Append(1, "x"u8);
        using CancellationTokenSource cancel = new();
        ValueTask wait = log.FlushAsync(end, cancel.Token);
        ValueTask other = log.FlushAsync(end);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        stall.Release();
        await other;
        Assert.True(log.DurablePosition >= end);
    }

    private static byte[] Body(int own, int number, int length)
    {
        byte[] body = TestLog.Body((own * 10_000) + number, length + 8);
        BinaryPrimitives.WriteInt32LittleEndian(body, own);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), number);
        return body;
    }

    private async Task ExpectAsync(AioSystem system, int flows, int each, string? folder = null)
    {
        List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, folder ?? _folder.Log);
        Assert.Equal(flows * each, found.Count);
        int[] next = new int[flows];
        foreach ((LogRecord record, byte[] body) in found)
        {
            int own = BinaryPrimitives.ReadInt32LittleEndian(body);
            int number = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(4));
            Assert.Equal(own, record.Kind);
            Assert.Equal(next[own]++, number);
            Assert.Equal(Body(own, number, body.Length - 8), body);
        }
    }
}
