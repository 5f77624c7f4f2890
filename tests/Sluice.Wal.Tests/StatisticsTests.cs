using System.Diagnostics.Metrics;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>What the log tells about itself: what is counted and what is not, and the same as metrics.</summary>
public sealed class StatisticsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<WalSyncForm> Forms => [.. Enum.GetValues<WalSyncForm>().Where(static form => form != WalSyncForm.Auto)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task EveryCommitIsASyncInEachForm(WalSyncForm form)
    {
        await using AioSystem system = TestLog.Start("worker");
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SyncForm = form });
        WalStatistics before = log.ReadStatistics();
        for (int number = 0; number < 10; number++) await log.AppendAndFlushAsync(1, TestLog.Body(number, 100));
        WalStatistics after = log.ReadStatistics();

        // One after the other: each commit is one write, made durable by itself or by a flush, and nothing else.
        bool isSelfDurable = form is not (WalSyncForm.Fdatasync or WalSyncForm.Fsync);
        Assert.Equal(10, after.Writes - before.Writes);
        Assert.Equal(isSelfDurable ? 10 : 0, after.DurableWrites - before.DurableWrites);
        Assert.Equal(isSelfDurable ? 0 : 10, after.Flushes - before.Flushes);
        Assert.Equal(10, after.Syncs - before.Syncs);
        Assert.Equal(10, after.CommitsWoken - before.CommitsWoken);
    }

    [Fact]
    public async Task CommittersThatBlockAreCountedAsThoseThatAwait()
    {
        await using AioSystem system = TestLog.Start("worker");
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        long before = log.ReadStatistics().CommitsWoken;
        for (int number = 0; number < 7; number++) log.Flush(log.Append(1, TestLog.Body(number, 100)));
        Assert.Equal(7, log.ReadStatistics().CommitsWoken - before);

        // What is durable already is waited for by nobody.
        log.Flush(log.InsertPosition);
        await log.FlushAsync(log.InsertPosition);
        Assert.Equal(7, log.ReadStatistics().CommitsWoken - before);
    }

    [Fact]
    public async Task ImagesOfPagesAreCountedOnceForEachPageAndCheckpoint()
    {
        await using AioSystem system = PageBank.Start();
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, buffers: 64, reads: 0);
        await bank.ExtendAsync(0, 3);
        await bank.ChangeAsync(0, [0, 1], 0, [1]);
        await bank.CheckpointAsync();
        WalStatistics before = bank.Log.Log!.ReadStatistics();
        await bank.ChangeAsync(0, [0, 1], 1, [2]);
        await bank.ChangeAsync(0, [0, 1], 2, [3]);
        WalStatistics after = bank.Log.Log!.ReadStatistics();
        Assert.Equal(2, after.PageImages - before.PageImages);

        // Header and slots; the hole behind them is left out.
        Assert.Equal(2 * (StorageLimits.PageHeaderBytes + (PageBank.Slots * 8)), after.PageImageBytes - before.PageImageBytes);
    }

    [Fact]
    public async Task WhoeverWaitsForASegmentIsCounted()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SegmentsAhead = 1 });
        using Injection held = control.Stall(static request => request.File.Path.EndsWith("preparing.tmp", StringComparison.Ordinal));
        List<Task> waiting = [];
        byte[] body = TestLog.Body(1, 10_000);
        LogGuard guard = new();
        Func<Task>[] adders =
        [
            () => log.AppendAsync(1, body).AsTask(),
            () => log.AppendGuardedAsync(PageLog.KindsFrom, body, guard, guard.Version).AsTask(),
            () => log.AppendMarkAsync(WalUnit.CheckpointBeginKind, body).AsTask(),
        ];

        // Until there is no room: each of them then waits.
        for (int count = 0; log.ReadStatistics().SegmentStalls == 0; count++) waiting.Add(adders[count % 3]());
        foreach (Func<Task> adder in adders) waiting.Add(adder());
        waiting.Add(Task.Factory.StartNew(() => log.Append(1, body), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        using CancellationTokenSource watchdog = new(TestLog.Watchdog);
        while (log.ReadStatistics().SegmentStalls < 5) await Task.Delay(1, watchdog.Token);
        Assert.Equal(5, log.ReadStatistics().SegmentStalls);
        held.Release();
        await Task.WhenAll(waiting).WaitAsync(TestLog.Watchdog);
        Assert.Equal(5, log.ReadStatistics().SegmentStalls);
        Assert.True(log.ReadStatistics().SegmentStallTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task EveryStatisticIsAMetricOfItsLog()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        WalOptions options = TestLog.Small with { SyncForm = WalSyncForm.Fdatasync, SegmentsAhead = 1, RecycledSegmentsMax = 1 };
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, options);

        // Something of everything, as far as it can be had at once.
        using (control.Replace(static result => result > 4096 ? 4096 : result, static request => request.Operation == IoOperation.Write && SegmentName.TryParse(Path.GetFileName(request.File.Path), 1 << 20, out _, out _)))
        {
            for (int number = 0; number < 400; number++) await log.AppendAsync(1, TestLog.Body(number, 10_000));
            await log.FlushAsync(log.InsertPosition);
        }

        await log.ReleaseBeforeAsync(log.InsertPosition);
        log.CountImages(3, 1000);
        Dictionary<string, long> metrics = Collect();

        // Nothing is going on: both say the same.
        WalStatistics statistics = log.ReadStatistics();
        Dictionary<string, long> expected = new()
        {
            ["sluice.wal.records"] = statistics.Records,
            ["sluice.wal.record_bytes"] = statistics.RecordBytes,
            ["sluice.wal.padding_bytes"] = statistics.PaddingBytes,
            ["sluice.wal.page_images"] = 3,
            ["sluice.wal.page_image_bytes"] = 1000,
            ["sluice.wal.writes"] = statistics.Writes,
            ["sluice.wal.written_bytes"] = statistics.BytesWritten,
            ["sluice.wal.short_writes"] = statistics.ShortWrites,
            ["sluice.wal.durable_writes"] = statistics.DurableWrites,
            ["sluice.wal.flushes"] = statistics.Flushes,
            ["sluice.wal.commits"] = statistics.CommitsWoken,
            ["sluice.wal.write_time"] = (long)statistics.WriteTime.TotalMilliseconds,
            ["sluice.wal.flush_time"] = (long)statistics.FlushTime.TotalMilliseconds,
            ["sluice.wal.buffer_full"] = statistics.BufferFullWaits,
            ["sluice.wal.segment_stalls"] = statistics.SegmentStalls,
            ["sluice.wal.segment_stall_time"] = (long)statistics.SegmentStallTime.TotalMilliseconds,
            ["sluice.wal.segments_created"] = statistics.SegmentsCreated,
            ["sluice.wal.segments_recycled"] = statistics.SegmentsRecycled,
            ["sluice.wal.segments_removed"] = statistics.SegmentsRemoved,
        };
        Assert.Equal(expected.OrderBy(static pair => pair.Key, StringComparer.Ordinal), metrics.OrderBy(static pair => pair.Key, StringComparer.Ordinal));
        string[] nothing = ["sluice.wal.padding_bytes", "sluice.wal.durable_writes", "sluice.wal.segments_recycled", "sluice.wal.segment_stalls", "sluice.wal.segment_stall_time", "sluice.wal.buffer_full"];
        Assert.All(metrics.Where(pair => !nothing.Contains(pair.Key)), static pair => Assert.True(pair.Value > 0, pair.Key));

        // Each statistic there is has its metric: Syncs is the sum of two.
        Assert.Equal(typeof(WalStatistics).GetProperties().Length - 1, metrics.Count);

        // A log that is closed tells nothing any more.
        await log.DisposeAsync();
        Assert.Empty(Collect());
    }

    private Dictionary<string, long> Collect()
    {
        Dictionary<string, long> found = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Sluice.Wal") listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == "log" && (string?)tag.Value == _folder.Log) found.Add(instrument.Name, value);
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return found;
    }
}
