using Sluice.Methods.Simulated;
using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>
/// The pool beside what it should hold: a version for each block of each relation. Relations that all flows use, and a temporary one for
/// each flow; pages read and made through the pool and through rings; checkpoints that go on while the flows do.
/// </summary>
internal sealed partial class PoolModel(AioSystem system, SimulatedDisk disk, ulong seed, bool faulty)
{
    private const int Relations = 3;
    private const int Flows = 3;
    private const uint StartBlocks = 12;

    private readonly List<uint>[] _versions = new List<uint>[Relations + Flows];
    private readonly Relation[] _relations = new Relation[Relations + Flows];
    private readonly AccessRing?[] _rings = new AccessRing?[Flows];
    private readonly BufferSession[] _sessions = new BufferSession[Flows];
    private readonly List<(BufferPin Pin, int Relation, uint Block)>[] _pins = new List<(BufferPin, int, uint)>[Flows];
    private readonly List<ReadInFlight>[] _reads = new List<ReadInFlight>[Flows];
    private BufferPool _pool = null!;

    internal enum Kind
    {
        Pin,
        Unpin,
        Change,
        StartRead,
        FinishRead,
        Flush,
        Evict,
        Extend,
        Truncate,
        Drop,
        WriteSome,
        TakeRing,
        Checkpoint,
        AwaitCheckpoint,
    }

    internal static List<Step> Plan(ulong seed, int count)
    {
        Random random = new((int)seed);
        Kind[] kinds =
        [
            Kind.Pin, Kind.Pin, Kind.Pin, Kind.Unpin, Kind.Unpin, Kind.Unpin, Kind.Change, Kind.Change, Kind.Change, Kind.Change,
                Kind.StartRead, Kind.StartRead, Kind.StartRead,
            Kind.FinishRead, Kind.FinishRead, Kind.Flush, Kind.Evict, Kind.Extend, Kind.Truncate, Kind.Drop, Kind.WriteSome, Kind.WriteSome,
            Kind.TakeRing, Kind.TakeRing, Kind.Checkpoint, Kind.Checkpoint, Kind.AwaitCheckpoint,
        ];
        List<Step> steps = [];
        for (int step = 0; step < count; step++)
        {
            steps.Add(new Step(kinds[random.Next(kinds.Length)], random.Next(Flows), random.Next(Relations + 1), (uint)random.Next(64),
                random.Next(1, 7)));
        }

        return steps;
    }

    internal async Task RunAsync(List<Step> steps)
    {
        using StorageManager storage = new(system, "/data", new StorageOptions { SegmentBlocks = 8, AllocateAboveBlocks = 4 });
        _pool = new BufferPool(storage, new BufferPoolOptions { BufferCount = 32, CombineMax = 4, EvictionDepth = 3 });
        _checkpointer = new Checkpointer(_pool, new CheckpointerOptions { WritesMax = 3, WriteBackBlocks = 4 });
        AioContext context = AioLoop.Current!.Context;
        for (int flow = 0; flow < Flows; flow++)
        {
            _sessions[flow] = _pool.CreateSession($"flow {flow}", new BufferSessionOptions { Context = context, LocalBufferCount = 16 });
            _pins[flow] = [];
            _reads[flow] = [];
        }

        for (int relation = 0; relation < _relations.Length; relation++)
        {
            int owner = relation < Relations ? -1 : relation - Relations;
            RelationId id = new(RelationId.DefaultTablespace, 5, 16384 + (uint)relation);
            _relations[relation] = storage.Open(new RelationKey(id, owner));
            _versions[relation] = [];
            await _relations[relation].CreateAsync(RelationFork.Main);
            await ExtendAsync(Math.Max(0, owner), relation, (int)StartBlocks);
        }

        if (faulty) disk.SetFaults(
            FaultPlan.None.With(FaultKind.ShortWrite, 0.1).With(FaultKind.ShortRead, 0.1).With(
                new FaultRule(FaultKind.TransientError, 0.05) { Operation = IoOperation.Read }).With(
                new FaultRule(FaultKind.TransientError, 0.05) { Operation = IoOperation.Write }).With(FaultKind.NoSpace, 0.05));
        foreach (Step step in steps) await TakeAsync(step);
        disk.SetFaults(FaultPlan.None);
        await EndAsync();
    }

    private async Task TakeAsync(Step planned)
    {
        // The last one is the flow's own: temporary.
        Step step = planned with { Relation = planned.Relation < Relations ? planned.Relation : Relations + planned.Flow };
        BufferSession session = _sessions[step.Flow];
        uint blocks = (uint)_versions[step.Relation].Count;
        uint block = blocks == 0 ? 0 : step.Block % blocks;
        try
        {
            switch (step.Kind)
            {
                case Kind.Pin when blocks != 0 && _pins[step.Flow].Count < 3:
                    BufferPin pin = await session.ReadAsync(
                        _relations[step.Relation], RelationFork.Main, block, ring: _rings[step.Flow]);
                    _pins[step.Flow].Add((pin, step.Relation, block));
                    Check(pin, step.Relation, block);
                    break;
                case Kind.Unpin when _pins[step.Flow].Count != 0:
                    Unpin(step.Flow, (int)step.Block % _pins[step.Flow].Count);
                    break;
                case Kind.Change when blocks != 0:
                    await ChangeAsync(step.Flow, step.Relation, block);
                    break;
                case Kind.StartRead when blocks != 0 && _reads[step.Flow].Count < 2:
                    await StartReadAsync(step.Flow, step.Relation, block, (int)Math.Min((uint)step.Count, blocks - block));
                    break;
                case Kind.FinishRead when _reads[step.Flow].Count != 0:
                    await FinishReadAsync(step.Flow, (int)step.Block % _reads[step.Flow].Count);
                    break;
                case Kind.Flush:
                    await session.FlushAsync(_relations[step.Relation].Key);
                    break;
                case Kind.Evict:
                    await session.EvictAsync(_relations[step.Relation].Key, RelationFork.Main, block);
                    break;
                case Kind.Extend when blocks < 48:
                    await ExtendAsync(step.Flow, step.Relation, Math.Min(step.Count, 3));
                    break;
                case Kind.Truncate when blocks > 4:
                    await TruncateAsync(session, step.Relation, blocks - Math.Min((uint)step.Count, blocks - 1));
                    break;
                case Kind.Drop:
                    await TruncateAsync(session, step.Relation, 0);
                    break;
                case Kind.WriteSome:
                    await WriteSomeAsync(session, step.Count);
                    break;
                case Kind.TakeRing:
                    _rings[step.Flow] = RingFor(step.Count);
                    break;
                case Kind.Checkpoint when _checkpoint is null:
                    BeginCheckpoint();
                    break;
                case Kind.AwaitCheckpoint when _checkpoint is not null:
                    await EndCheckpointAsync();
                    break;
            }
        }
        catch (AioException) when (faulty)
        {
            // The disk failed it; nothing is lost by that, which later steps look at.
        }

        CheckPins();
    }

    private async Task ChangeAsync(int flow, int relation, uint block)
    {
        using BufferPin pin = await _sessions[flow].ReadAsync(_relations[relation], RelationFork.Main, block, ring: _rings[flow]);
        await pin.LockAsync(ContentLockMode.Exclusive);
        Check(pin, relation, block);
        uint version = _versions[relation][(int)block] + 1;
        TestPage.Fill(pin.Page, _relations[relation].Id.Number, block, version);
        _versions[relation][(int)block] = version;
        NoteChange(relation, block);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
    }

    private async Task StartReadAsync(int flow, int relation, uint block, int count)
    {
        ReadInFlight read = new(_sessions[flow].CreateReadOperation(), new BufferPin[count], relation, block);
        try
        {
            await _sessions[flow].StartReadBuffersAsync(read.Operation, _relations[relation], RelationFork.Main, block, read.Pins, 0,
                count, ring: _rings[flow]);
            _reads[flow].Add(read);
        }
        catch
        {
            read.Release();
            throw;
        }
    }

    private async Task FinishReadAsync(int flow, int place)
    {
        ReadInFlight read = _reads[flow][place];
        _reads[flow].RemoveAt(place);
        try
        {
            await _sessions[flow].WaitReadBuffersAsync(read.Operation);
            for (int index = 0; index < read.Operation.BlockCount; index++) Check(read.Pins[index], read.Relation,
                read.Block + (uint)index);
        }
        finally
        {
            read.Release();
        }
    }

    private async Task ExtendAsync(int flow, int relation, int count)
    {
        for (int done = 0; done < count; done += 3)
        {
            BufferPin[] pins = new BufferPin[Math.Min(3, count - done)];
            uint first;
            try
            {
                first = await _sessions[flow].ExtendAsync(_relations[relation], RelationFork.Main, pins, 0, pins.Length, ring: _rings[flow]);
            }
            catch (AioException) when (faulty)
            {
                // The file may have become longer by zeros, which nobody asked for: cut them off, as a caller would who counts pages.
                await _sessions[flow].DropAsync(_relations[relation].Key, RelationFork.Main, (uint)_versions[relation].Count);
                _relations[relation].ForgetBlockCount(RelationFork.Main);
                await _relations[relation].TruncateAsync(RelationFork.Main, (uint)_versions[relation].Count);
                return;
            }

            Expect(first == _versions[relation].Count, $"extended at block {first} instead of {_versions[relation].Count}");
            foreach (BufferPin pin in pins)
            {
                Expect(PageVerifier.IsZero(pin.Page), "a new page is not zero");
                TestPage.Fill(pin.Page, _relations[relation].Id.Number, pin.BlockNumber, 1);
                _versions[relation].Add(1);
                NoteChange(relation, pin.BlockNumber);
                pin.MarkDirty();
                pin.Unlock(ContentLockMode.Exclusive);
                pin.Release();
            }
        }
    }

    private async Task TruncateAsync(BufferSession session, int relation, uint blocks)
    {
        // Whoever cuts off has seen to it that nobody uses the relation.
        for (int flow = 0; flow < Flows; flow++)
        {
            for (int place = _pins[flow].Count - 1; place >= 0; place--)
            {
                if (_pins[flow][place].Relation == relation) Unpin(flow, place);
            }

            foreach (ReadInFlight read in _reads[flow].Where(read => read.Relation == relation)) read.Release();
            _reads[flow].RemoveAll(read => read.Relation == relation);
        }

        await session.DropAsync(_relations[relation].Key, RelationFork.Main, blocks);
        _versions[relation].RemoveRange((int)blocks, _versions[relation].Count - (int)blocks);
        foreach (BufferInfo row in _pool.Snapshot())
        {
            bool remains = row.HasPage && row.Tag.Relation == _relations[relation].Id && row.Tag.BlockNumber >= blocks;
            Expect(!remains, $"block {row.Tag.BlockNumber} is in memory after it was dropped");
        }

        await _relations[relation].TruncateAsync(RelationFork.Main, blocks);
    }

    private async Task WriteSomeAsync(BufferSession session, int count)
    {
        List<BufferSlot> slots = [];
        _pool.MarkForCheckpoint(slots);
        slots.Sort(static (left, right) =>
            (left.Tag.Relation.Number, left.Tag.BlockNumber).CompareTo((right.Tag.Relation.Number, right.Tag.BlockNumber)));
        List<WriteOperation> writes = [];
        for (int next = 0; next < slots.Count && writes.Count < count; next++)
        {
            WriteOperation operation = session.CreateWriteOperation();
            WriteStart start = session.TryStartWriteBuffers(operation, slots.ToArray().AsSpan(next), WriteFlags.OnlyForCheckpoint);
            if (start.Count == 0) continue;
            writes.Add(operation);
            next += start.Count - 1;
        }

        // Half of them are left to others.
        foreach (WriteOperation operation in writes.Take(writes.Count / 2)) await session.WaitWriteBuffersAsync(operation);
        foreach (WriteOperation operation in writes.Take(writes.Count / 2)) Expect(operation.Failure is null || faulty, "a write failed");
    }

    private async Task EndAsync()
    {
        if (_checkpoint is not null) await EndCheckpointAsync();
        for (int flow = 0; flow < Flows; flow++)
        {
            while (_pins[flow].Count != 0) Unpin(flow, 0);
            while (_reads[flow].Count != 0)
            {
                try
                {
                    await FinishReadAsync(flow, 0);
                }
                catch (AioException) when (faulty)
                {
                    // It was read while the disk failed.
                }
            }
        }

        // The disk is well: after a checkpoint nothing of what lasts is dirty, or anywhere but on it.
        BeginCheckpoint();
        await EndCheckpointAsync();
        Expect(_pool.Summarize().Dirty == 0, $"{_pool.Summarize()} after a checkpoint that nobody disturbed");
        Expect(_pool.Storage.SyncRequests.PendingCount == 0, "something is not synced after a checkpoint that nobody disturbed");
        for (int relation = 0; relation < _relations.Length; relation++)
        {
            BufferSession session = _sessions[relation < Relations ? 0 : relation - Relations];
            if (relation >= Relations) await session.FlushAsync(_relations[relation].Key);
            int left = await session.EvictAsync(_relations[relation].Key);
            Expect(left == 0, $"{left} pages could not be forgotten");
            for (uint block = 0; block < _versions[relation].Count; block++)
            {
                using BufferPin pin = await session.ReadAsync(_relations[relation], RelationFork.Main, block);
                Check(pin, relation, block);
            }
        }

        await _checkpointer.DisposeAsync();
        foreach (BufferSession session in _sessions)
        {
            Expect(session.PinCount == 0, $"{session.Name} holds {session.PinCount} pins");
            await session.DisposeAsync();
        }

        BufferSummary summary = _pool.Summarize();
        Expect(summary is { Pinned: 0, Dirty: 0 }, $"{summary} at the end");
        _pool.Dispose();
    }

    private void Unpin(int flow, int place)
    {
        (BufferPin pin, int relation, uint block) = _pins[flow][place];
        Check(pin, relation, block);
        pin.Release();
        _pins[flow].RemoveAt(place);
    }

    // A page that is pinned shows every change at once.
    private void CheckPins()
    {
        foreach (List<(BufferPin Pin, int Relation, uint Block)> pins in _pins)
        {
            foreach ((BufferPin pin, int relation, uint block) in pins) Check(pin, relation, block);
        }
    }

    private void Check(BufferPin pin, int relation, uint block)
    {
        Expect(pin.IsValid && pin.BlockNumber == block, $"the pin is of block {pin.BlockNumber}, not {block}");
        uint version = _versions[relation][(int)block];
        Expect(
            TestPage.IsWhole(pin.Page, _relations[relation].Id.Number, block, version),
            $"seed {seed}: block {block} of relation {relation} is version {TestPage.VersionOf(pin.Page)}, not {version}");
    }

    private static void Expect(bool condition, string message)
    {
        if (!condition) throw new InvalidOperationException(message);
    }

    internal readonly record struct Step(Kind Kind, int Flow, int Relation, uint Block, int Count);

    private sealed record ReadInFlight(ReadOperation Operation, BufferPin[] Pins, int Relation, uint Block)
    {
        internal void Release()
        {
            if (Operation.IsPending) Operation.Abandon();
            for (int index = 0; index < Pins.Length; index++)
            {
                Pins[index].Release();
                Pins[index] = default;
            }
        }
    }
}
