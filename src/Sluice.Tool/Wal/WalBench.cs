using System.Diagnostics;
using Sluice.Storage;
using Sluice.Tool.Bench;
using Sluice.Tool.Infrastructure;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>Runs one workload on a log of its own, in a folder that is gone afterwards.</summary>
internal static partial class WalBench
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_betweenReleases = TimeSpan.FromSeconds(0.1);

    // A log does not tell when it has made its segments ahead; more than that takes on a slow drive, and at first there are more of them.
    private static readonly TimeSpan s_firstSegments = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_nextSegments = TimeSpan.FromSeconds(0.3);

    internal static WalBenchResult Run(WalBenchRequest request, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(request.Folder)) throw new UsageException($"--dir {request.Folder} is no folder: give one on the device to measure.");
        string folder = Path.Combine(request.Folder, $"sluice-wal-{Guid.NewGuid():N}");
        AioSystemOptions options = new() { Method = request.Method };
        options.Modules.Add(SluiceStorageAioModule.Instance);
        using AioSystem system = AioSystem.Start(options);
        try
        {
            return request.Workload switch
            {
                WalWorkload.Append => Append(system, folder, request, cancellationToken),
                WalWorkload.Recover => Task.Run(() => RecoverAsync(system, folder, request, cancellationToken), CancellationToken.None).GetAwaiter().GetResult(),
                WalWorkload.Replay => Task.Run(() => ReplayAsync(system, folder, request, cancellationToken), CancellationToken.None).GetAwaiter().GetResult(),
                _ => Timed(system, folder, request, cancellationToken),
            };
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static WriteAheadLog Open(AioSystem system, string folder, WalOptions options) =>
        Task.Run(() => WriteAheadLog.OpenAsync(system, folder, options)).GetAwaiter().GetResult();

    private static void Close(WriteAheadLog log) => Task.Run(async () => await log.DisposeAsync()).GetAwaiter().GetResult();

    private static WalBenchResult Timed(AioSystem system, string folder, WalBenchRequest request, CancellationToken cancellationToken)
    {
        if (request.Mode == "loop")
        {
            WalBenchResult? result = null;
            using AioLoop loop = system.CreateLoop("bench");
            loop.InvokeAsync(async () =>
            {
                WriteAheadLog log = await WriteAheadLog.OpenAsync(system, folder, request.Options);
                result = await MeasureAsync(system, log, request, cancellationToken);
                await log.DisposeAsync();
            }).GetAwaiter().GetResult();
            return result!;
        }

        WriteAheadLog log = Open(system, folder, request.Options);
        try
        {
            return Task.Run(() => MeasureAsync(system, log, request, cancellationToken), CancellationToken.None).GetAwaiter().GetResult();
        }
        finally
        {
            Close(log);
        }
    }

    private static async Task<WalBenchResult> MeasureAsync(AioSystem system, WriteAheadLog log, WalBenchRequest request, CancellationToken cancellationToken)
    {
        using Window window = new();
        Tally[] tallies = [.. Enumerable.Range(0, request.Clients).Select(_ => new Tally(window))];
        SwitchWatch[] switches = [.. tallies.Select(_ => new SwitchWatch(log, window))];
        Task[] clients = [.. tallies.Zip(switches, (tally, watch) => Start(log, request, window, tally, watch))];
        Task releaser = ReleaseAsync(log, window);
        await window.PassAsync(s_warmUp, cancellationToken);
        WalStatistics before = log.ReadStatistics();
        long allocated = GC.GetTotalAllocatedBytes();
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        window.Open();
        await window.PassAsync(TimeSpan.FromSeconds(request.Seconds), cancellationToken);
        WalStatistics after = log.ReadStatistics();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        window.Close();
        await Task.WhenAll(clients);
        await releaser;
        cancellationToken.ThrowIfCancellationRequested();
        LatencyHistogram latencies = new();
        foreach (Tally tally in tallies) latencies.Add(tally.Latencies);
        bool isCommit = request.Workload == WalWorkload.Commit;
        double tick = 1e6 / Stopwatch.Frequency;
        return new WalBenchResult(request, system.MethodName, log.SyncForm, seconds, isCommit ? latencies.Count : after.Records - before.Records, isCommit ? latencies.Count * request.RecordBytes : (after.Records - before.Records) * request.RecordBytes)
        {
            Flushes = after.Syncs - before.Syncs,
            SegmentStalls = after.SegmentStalls - before.SegmentStalls,
            BufferFullWaits = after.BufferFullWaits - before.BufferFullWaits,
            SegmentSwitches = switches.Sum(static watch => watch.Count),
            SlowestAtSwitch = switches.Max(static watch => watch.Slowest) * tick,
            CpuMicroseconds = cpu.TotalMicroseconds,
            AllocatedBytes = allocated,
            P50 = latencies.Percentile(0.5) * tick,
            P99 = latencies.Percentile(0.99) * tick,
            P999 = latencies.Percentile(0.999) * tick,
            Max = latencies.Max * tick,
        };
    }

    private static Task Start(WriteAheadLog log, WalBenchRequest request, Window window, Tally tally, SwitchWatch watch)
    {
        byte[] body = new byte[request.RecordBytes];
        Random.Shared.NextBytes(body);
        if (request.Mode == "loop") return request.Workload == WalWorkload.Commit ? CommitAsync(log, body, window, tally, watch) : BulkAsync(log, body, window, tally);
        if (request.Mode == "await") return Task.Run(() => request.Workload == WalWorkload.Commit ? CommitAsync(log, body, window, tally, watch) : BulkAsync(log, body, window, tally));
        return Task.Factory.StartNew(() => Block(log, request, body, window, tally, watch), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static async Task CommitAsync(WriteAheadLog log, byte[] body, Window window, Tally tally, SwitchWatch watch)
    {
        // A commit that completes at once must not keep the others of its thread from running.
        await Task.Yield();
        while (window.IsRunning)
        {
            watch.Begin();
            long started = Stopwatch.GetTimestamp();
            ValueTask<LogPosition> commit = log.AppendAndFlushAsync(1, body);
            bool isAtOnce = commit.IsCompleted;
            await commit;
            long ticks = Stopwatch.GetTimestamp() - started;
            tally.Record(ticks);
            watch.End(ticks);
            if (isAtOnce) await Task.Yield();
        }
    }

    private static async Task BulkAsync(WriteAheadLog log, byte[] body, Window window, Tally tally)
    {
        await Task.Yield();
        int count = 0;
        while (window.IsRunning)
        {
            long started = Stopwatch.GetTimestamp();
            await log.AppendAsync(1, body);
            tally.Record(Stopwatch.GetTimestamp() - started);
            if (++count % 64 == 0) await Task.Yield();
        }
    }

    private static void Block(WriteAheadLog log, WalBenchRequest request, byte[] body, Window window, Tally tally, SwitchWatch watch)
    {
        while (window.IsRunning)
        {
            watch.Begin();
            long started = Stopwatch.GetTimestamp();
            LogPosition end = log.Append(1, body);
            if (request.Workload == WalWorkload.Commit) log.Flush(end);
            long ticks = Stopwatch.GetTimestamp() - started;
            tally.Record(ticks);
            watch.End(ticks);
        }
    }

    // As a checkpoint would: so that segments are used again and the disk does not fill.
    private static async Task ReleaseAsync(WriteAheadLog log, Window window)
    {
        while (await window.PassAsync(s_betweenReleases))
        {
            ulong durable = log.DurablePosition.Value;
            ulong keep = 2UL * (ulong)log.SegmentBytes;
            if (durable > keep) await log.ReleaseBeforeAsync(new LogPosition(durable - keep));
            if (log.InsertPosition.Value > durable + (64UL << 20)) log.FlushSoon(log.InsertPosition);
        }
    }

    // In turns that fit in the ring: what is measured is insertion alone, and the writing comes between the turns.
    private static WalBenchResult Append(AioSystem system, string folder, WalBenchRequest request, CancellationToken cancellationToken)
    {
        // Segments are reserved and not written: making them takes no processor from those who are measured.
        WalOptions options = request.Options with
        {
            RingBytes = 256 << 20,
            EagerWriteBytes = 1 << 30,
            SegmentBytes = 64 << 20,
            SegmentsAhead = 6,
            Fill = SegmentFill.Allocate,
        };
        WriteAheadLog log = Open(system, folder, options);
        try
        {
            byte[] body = new byte[request.RecordBytes];
            Random.Shared.NextBytes(body);
            int each = (int)Math.Max(1, (96L << 20) / (request.RecordBytes + 32) / request.Clients);
            long ticks = 0;
            long count = 0;
            double cpu = 0;
            for (int turn = 0; ticks < request.Seconds * Stopwatch.Frequency && !cancellationToken.IsCancellationRequested; turn++)
            {
                // Segments come in the background: not while it is measured.
                if (cancellationToken.WaitHandle.WaitOne(turn < 2 ? s_firstSegments : s_nextSegments)) break;
                using Barrier barrier = new(request.Clients + 1);
                Thread[] threads = [.. Enumerable.Range(0, request.Clients).Select(_ => new Thread(() =>
                {
                    barrier.SignalAndWait();
                    for (int number = 0; number < each; number++) log.Append(1, body);
                    barrier.SignalAndWait();
                }))];
                foreach (Thread thread in threads) thread.Start();
                TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
                barrier.SignalAndWait();
                long started = Stopwatch.GetTimestamp();
                barrier.SignalAndWait();
                long elapsed = Stopwatch.GetTimestamp() - started;
                foreach (Thread thread in threads) thread.Join();
                if (turn > 1)
                {
                    ticks += elapsed;
                    count += (long)each * request.Clients;
                    cpu += (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds;
                }

                log.Flush(log.InsertPosition);
                ulong durable = log.DurablePosition.Value;
                Task.Run(() => log.ReleaseBeforeAsync(new LogPosition(durable))).GetAwaiter().GetResult();
            }

            double seconds = (double)ticks / Stopwatch.Frequency;
            double micros = 1e6 * seconds * request.Clients / Math.Max(1, count);
            return new WalBenchResult(request, system.MethodName, log.SyncForm, seconds, count, count * request.RecordBytes) { CpuMicroseconds = cpu, P50 = micros, P99 = micros, P999 = micros, Max = micros };
        }
        finally
        {
            Close(log);
        }
    }

    private static async Task<WalBenchResult> RecoverAsync(AioSystem system, string folder, WalBenchRequest request, CancellationToken cancellationToken)
    {
        WalSyncForm form;
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, folder, request.Options))
        {
            form = log.SyncForm;
            byte[] body = new byte[request.RecordBytes];
            Random.Shared.NextBytes(body);
            ulong end = log.InsertPosition.Value + (ulong)request.SizeBytes;
            while (log.InsertPosition.Value < end) await log.AppendAsync(1, body);
        }

        long bytes = 0;
        long records = 0;
        double seconds = 0;
        TimeSpan cpu = TimeSpan.Zero;

        // The form is known: measuring it once more is no part of a recovery.
        WalOptions options = request.Options with { SyncForm = form };
        WalReplay replay = new()
        {
            Redo = _ =>
            {
                records++;
                return ValueTask.CompletedTask;
            },
        };
        while (seconds < request.Seconds && !cancellationToken.IsCancellationRequested)
        {
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            long started = Stopwatch.GetTimestamp();
            WriteAheadLog log = await WriteAheadLog.OpenAsync(system, folder, options, replay);
            seconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
            cpu += Process.GetCurrentProcess().TotalProcessorTime - before;
            bytes += log.Recovery.BytesRead;
            await log.DisposeAsync();
        }

        return new WalBenchResult(request, system.MethodName, form, seconds, records, bytes) { CpuMicroseconds = cpu.TotalMicroseconds };
    }
}
