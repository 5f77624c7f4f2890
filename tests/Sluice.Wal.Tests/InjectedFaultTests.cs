using System.Buffers.Binary;
using System.Collections.Concurrent;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>
/// Many faults at once, and faults while somebody is blocked: everybody gets an answer, and what was acknowledged is found again.
/// </summary>
public sealed class InjectedFaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm, int> Storms
    {
        get
        {
            TheoryData<string, WalSyncForm, int> storms = [];
            int failsAt = 23;
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                foreach (WalSyncForm form in Enum.GetValues<WalSyncForm>().Where(static form => form != WalSyncForm.Auto))
                {
                    storms.Add(method, form, failsAt += 17);
                }
            }

            return storms;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Storms))]
    public async Task WhatWasAcknowledgedInAStormIsFoundAgain(string method, WalSyncForm form, int failsAt)
    {
        const int flows = 12;
        WalOptions options = TestLog.Small with { SyncForm = form, SealWaiters = 2, FlushesInFlight = 3, WritesInFlight = 6 };
        ConcurrentDictionary<ulong, byte[]> acknowledged = [];
        ConcurrentDictionary<long, byte[]> submitted = [];
        InjectionControl control = new() { Reorders = true };
        await using (AioSystem system = TestLog.Start(control, method))
        {
            WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, options);
            int count = 0;
            control.Replace(
                _ => failsAt % 2 == 0 ? -Errno.EIO : -Errno.ENOSPC,
                request => IsOfSegment(request) && request.Operation is IoOperation.Write or IoOperation.Fdatasync or IoOperation.Fsync
                    && Interlocked.Increment(ref count) >= failsAt,
                times: 1);
            control.Replace(
                static result => result <= 512 ? result : result / 2 / 512 * 512,
                static request => IsOfSegment(request) && request.Operation == IoOperation.Write && Random.Shared.Next(6) == 0);
            control.Delay(static _ => Random.Shared.Next(3) == 0);
            int next = 0;
            Task[] commits = [.. Enumerable.Range(0, flows).Select(flow => Task.Run(async () =>
            {
                Random random = new((failsAt * 100) + flow);
                while (true)
                {
                    int number = Interlocked.Increment(ref next);
                    byte[] body = TestLog.Body(number, 8 + random.Next(random.Next(15) == 0 ? 50_000 : 400));
                    BinaryPrimitives.WriteInt64LittleEndian(body, number);
                    submitted[number] = body;
                    LogPosition end = await log.AppendAndFlushAsync((ushort)flow, body);
                    acknowledged[end.Value] = body;
                }
            }))];
            foreach (Task commit in commits)
            {
                WalException exception = await Assert.ThrowsAsync<WalException>(() => commit.WaitAsync(TestLog.Watchdog));
                Assert.True(exception.IsLogFailed, exception.Message);
            }

            await log.DisposeAsync();
        }

        await using AioSystem healthy = TestLog.Start(method);
        Dictionary<ulong, byte[]> found = [];
        WalReplay replay = new()
        {
            Redo = record =>
            {
                byte[] body = record.Body.ToArray();
                found.Add(record.EndPosition.Value, body);
                Assert.Equal(submitted[BinaryPrimitives.ReadInt64LittleEndian(body)], body);
                return ValueTask.CompletedTask;
            },
        };
        await using WriteAheadLog again = await WriteAheadLog.OpenAsync(healthy, _folder.Log, options, replay);
        Assert.All(acknowledged, one => Assert.Equal(one.Value, found.GetValueOrDefault(one.Key)));
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task EverybodyWhoIsBlockedGetsAnAnswerWhenAWriteFails(string method)
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control, method);
        WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        Injection held = control.Stall(
            static request => IsOfSegment(request) && request.Operation == IoOperation.Write, replace: static _ => -Errno.EIO);
        LogPosition end = log.Append(1, TestLog.Body(1, 100));
        Task[] blocked =
        [
            OnThread(() => log.Flush(end)),
            Task.Run(async () => await log.FlushAsync(end)),
            OnThread(() => AppendForEver(log)),
            Task.Run(async () =>
            {
                while (true) await log.AppendAsync(3, TestLog.Body(3, 10_000));
            }),
        ];

        // The ring is full: one is blocked on a thread for room, one awaits it.
        await UntilAsync(() => log.ReadStatistics().BufferFullWaits >= 2);
        Assert.True(held.WaitUntilStalled(1, TestLog.Watchdog));
        held.Release();
        foreach (Task task in blocked)
        {
            WalException exception = await Assert.ThrowsAsync<WalException>(() => task.WaitAsync(TestLog.Watchdog));
            Assert.True(exception.IsLogFailed, exception.Message);
        }

        await log.DisposeAsync();
    }

    [Fact]
    public async Task WhoWaitsForASegmentGetsAnAnswerWhenTheLogFails()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SegmentsAhead = 1 });
        using Injection held = control.Stall(static request => request.File.Path.EndsWith("preparing.tmp", StringComparison.Ordinal));
        Task[] blocked =
        [
            OnThread(() => AppendForEver(log)),
            Task.Run(async () =>
            {
                while (true) await log.AppendAsync(3, TestLog.Body(3, 10_000));
            }),
        ];
        await UntilAsync(() => log.ReadStatistics().SegmentStalls >= 2);
        using Injection failing = control.Replace(static _ => -Errno.EIO, IsOfSegment);
        await Assert.ThrowsAsync<WalException>(async () => await log.FlushAsync(log.InsertPosition));
        foreach (Task task in blocked) await Assert.ThrowsAsync<WalException>(() => task.WaitAsync(TestLog.Watchdog));
        held.Release();
        await log.DisposeAsync();
    }

    [Fact]
    public async Task ClosingSaysWhenTheRestIsNotDurable()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        log.Append(1, TestLog.Body(1, 100));
        using Injection failing = control.Replace(static _ => -Errno.EIO, IsOfSegment);
        WalException exception = await Assert.ThrowsAsync<WalException>(async () => await log.DisposeAsync());
        Assert.True(exception.IsLogFailed);

        // It is closed nevertheless.
        await log.DisposeAsync();
    }

    [Fact]
    public async Task AFailureWhileTheEndIsMadeDurableIsToldAsItIs()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            await log.AppendAndFlushAsync(1, TestLog.Body(1, 100));
        }

        using (control.Replace(static _ => -Errno.EIO, static request => IsOfSegment(request) && request.Operation == IoOperation.Write))
        {
            AioException exception = await Assert.ThrowsAsync<AioException>(
                () => WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small));
            Assert.Equal(Errno.EIO, exception.Errno);
        }

        Assert.Single(await TestLog.ReadAllAsync(system, _folder.Log));
        await using WriteAheadLog again = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        Assert.True(again.Recovery.BytesWrittenAgain > 0);
    }

    private static bool IsOfSegment(IoRequest request) => SegmentName.TryParse(Path.GetFileName(request.File.Path), 1 << 20, out _, out _);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using CancellationTokenSource watchdog = new(TestLog.Watchdog);
        while (!isSo()) await Task.Delay(1, watchdog.Token);
    }

    private static void AppendForEver(WriteAheadLog log)
    {
        while (true) log.Append(2, TestLog.Body(2, 10_000));
    }

    private static Task OnThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
