using System.Buffers.Binary;

namespace Sluice.Wal.Simulation;

/// <summary>
/// Committers on a log that is killed anywhere: what was acknowledged is there after every crash, at its place and in order, and nothing is
/// there that was not added, or that an earlier recovery had given up.
/// </summary>
[Scenario("wal", "The write-ahead log: nothing acknowledged is lost, nothing torn or given up comes back", Operations = 120, Crashes = 4)]
public class WalScenario : Scenario
{
    private const string Folder = "/data/wal";

    // In order of position: what must be found again, unless it was released.
    private readonly SortedDictionary<ulong, byte[]> _durable = [];

    // What was given to the log since it was opened last, by number; a crash may leave any of them.
    private readonly Dictionary<long, byte[]> _submitted = [];
    private WriteAheadLog? _log;
    private WalOptions? _options;
    private long _next;
    private ulong _released;
    private bool _isUniform;

    /// <summary>
    /// How often all records of a run have one length, the same as the mark of an opening: old records then stand where new ones would.
    /// </summary>
    protected virtual double UniformShare => 0.4;

    /// <summary>How the log is made and opened.</summary>
    protected virtual WalOptions Adjust(WalOptions options) => options;

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return FaultPlan.None
            .With(FaultKind.ShortWrite, 0.05)
            .With(FaultKind.ShortRead, 0.05)
            .With(FaultKind.TransientError, 0.002)
            .With(FaultKind.NoSpace, 0.002)
            .With(FaultKind.FlushFailure, 0.01)
            .With(FaultKind.NameError, 0.01)
            .With(FaultKind.Again, 0.02)
            .With(FaultKind.Stall, 0.005)
            .With(new FaultRule(FaultKind.Reorder, 0.4) { LatencyMaximum = TimeSpan.FromMilliseconds(random.Between(1, 20)) });
    }

    /// <inheritdoc/>
    public override Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory("/data");
        run.System.FileSystem.SyncDirectory("/");
        _isUniform = run.Random.Chance(UniformShare);
        WalSyncForm[] forms =
        [
            WalSyncForm.OpenDatasync, WalSyncForm.WriteDatasync, WalSyncForm.LinkedFdatasync, WalSyncForm.Fdatasync, WalSyncForm.Fsync,
            WalSyncForm.OpenSync,
        ];
        _options = Adjust(new WalOptions
        {
            SegmentBytes = 1 << 20,
            RingBytes = run.Random.Chance(0.5) ? 64 << 10 : 256 << 10,
            BlockBytes = 512 << run.Random.Next(5),
            SyncForm = forms[run.Random.Next(forms.Length)],
            Direct = run.Random.Chance(0.5),
            Fill = run.Random.Chance(0.3) ? SegmentFill.Allocate : SegmentFill.Zeros,
            WritesInFlight = run.Random.Between(1, 8),
            FlushesInFlight = run.Random.Between(1, 4),
            SealWaiters = run.Random.Between(2, 4),
            WriteBytesMax = 8192 << run.Random.Next(4),
            EagerWriteBytes = 4096 << run.Random.Next(5),
            SegmentsAhead = run.Random.Between(1, 2),
            RecycledSegmentsMax = run.Random.Next(3),
            ReadAheadBytes = 512 << 10,
            SystemId = 7,
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        SortedDictionary<ulong, byte[]> found = [];
        WalReplay replay = new()
        {
            Redo = record =>
            {
                found.Add(record.EndPosition.Value, record.Body.ToArray());
                return ValueTask.CompletedTask;
            },
        };

        // Dead or alive it gives its ring back with the boot that opened it; who holds it also holds the whole disk.
        _log = run.Own(await WriteAheadLog.OpenAsync(run.System, Folder, _options, replay));
        foreach ((ulong position, byte[] body) in _durable)
        {
            if (position <= _released && !found.ContainsKey(position)) continue;
            run.Expect(
                found.TryGetValue(position, out byte[]? back),
                $"The record that ends at {new LogPosition(position)} was acknowledged and is lost: {_log.Recovery.End?.Explanation}");
            run.Expect(back.AsSpan().SequenceEqual(body), $"The record that ends at {new LogPosition(position)} reads back differently.");
        }

        foreach ((ulong position, byte[] body) in found)
        {
            if (_durable.ContainsKey(position)) continue;
            long number = body.Length >= 8 ? BinaryPrimitives.ReadInt64LittleEndian(body) : -1;
            bool isKnown = _submitted.Remove(number, out byte[]? given) && given.AsSpan().SequenceEqual(body);
            run.Expect(
                isKnown,
                $"The record that ends at {new LogPosition(position)} was never added like this since the log was opened last: it is torn, "
                    + $"made up, or was given up.");
        }

        _durable.Clear();
        foreach ((ulong position, byte[] body) in found) _durable.Add(position, body);
        _submitted.Clear();
        if (run.IsDead) throw new IOException("The process is dead.");
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        WriteAheadLog log = _log!;
        long end = run.Disk.OperationCount + run.Operations;
        try
        {
            Task[] flows = new Task[run.Random.Between(1, 6)];
            for (int index = 0; index < flows.Length; index++) flows[index] = CommitAsync(run, log, end);
            await Task.WhenAll(flows);
        }
        finally
        {
            await CloseAsync(log);
        }
    }

    private static async Task CloseAsync(WriteAheadLog log)
    {
        try
        {
            await log.DisposeAsync();
        }
        catch (WalException)
        {
            // It had failed; that was told to everybody who waited.
        }
    }

    private async Task CommitAsync(SimulationRun run, WriteAheadLog log, long end)
    {
        try
        {
            while (run.Disk.OperationCount < end && log.Failure is null)
            {
                byte[] body = Submit(run);
                LogPosition position = await log.AppendAsync((ushort)run.Random.Next(100), body);
                switch (run.Random.Next(10))
                {
                    case 0:
                        log.FlushSoon(position);
                        await run.Time.DelayAsync(TimeSpan.FromMilliseconds(run.Random.Between(1, 300)));
                        break;
                    case 1 or 2:
                        // Others go on behind it before anybody waits.
                        await log.AppendAsync(1, Submit(run));
                        await Task.Yield();
                        break;
                    case 3 when run.Random.Chance(0.1):
                        await ReleaseAsync(run, log);
                        break;
                    default:
                        await log.FlushAsync(position);
                        run.Expect(log.DurablePosition >= position || IsControl, "A flush has ended and the log does not call it durable.");
                        _durable[position.Value] = body;
                        _submitted.Remove(BinaryPrimitives.ReadInt64LittleEndian(body));
                        break;
                }

                if (run.Random.Chance(0.02)) await run.Time.DelayAsync(TimeSpan.FromMilliseconds(run.Random.Between(1, 50)));
                await Task.Yield();
            }
        }
        catch (WalException)
        {
            // An injected error: the log is at an end, or has no room. What was acknowledged is checked later.
        }
        catch (AioException)
        {
            // The same, of an operation on names.
        }
    }

    /// <summary>Whether the log makes a mistake on purpose.</summary>
    protected virtual bool IsControl => false;

    private async Task ReleaseAsync(SimulationRun run, WriteAheadLog log)
    {
        ulong upTo = 0;
        int skip = run.Random.Next(_durable.Count + 1);
        foreach (ulong position in _durable.Keys)
        {
            if (skip-- == 0) break;
            upTo = position;
        }

        // Before it begins: a crash in the midst may have taken some.
        _released = Math.Max(_released, upTo);
        await log.ReleaseBeforeAsync(new LogPosition(upTo));
    }

    private byte[] Submit(SimulationRun run)
    {
        int length = _isUniform ? 16
            : run.Random.Chance(0.7) ? run.Random.Between(8, 400)
            : run.Random.Chance(0.9) ? run.Random.Between(8, 20_000) : run.Random.Between(8, 400_000);
        byte[] body = new byte[length];
        run.Random.Fill(body);
        BinaryPrimitives.WriteInt64LittleEndian(body, _next);
        _submitted.Add(_next++, body);
        return body;
    }
}
