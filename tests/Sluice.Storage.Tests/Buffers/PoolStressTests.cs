using Sluice.Storage.Tests.Buffers.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>
/// Sixteen threads and eight asynchronous flows on a pool far smaller than the data; every page that anybody sees is whole and of the version that was written last.
/// </summary>
public sealed class PoolStressTests
{
    private const int Relations = 3;
    private const uint Blocks = 200;
    private const int Buffers = 128;
    private const int Threads = 16;
    private const int Flows = Threads + 8;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void NothingIsLostAndNothingIsTorn(string method) => Stress(method, faults: null);

    [Theory]
    [MemberData(nameof(Methods))]
    public void FailedAndShortWritesLoseNothing(string method) => Stress(method, faults: static control =>
    [
        control.Replace(static _ => -Errno.EIO, EveryFew(7)),
        control.Replace(static _ => StorageLimits.PageBytes, EveryFew(5)),
        control.Replace(static _ => -Errno.ENOSPC, EveryFew(11)),
    ]);

    [Fact]
    public void CompletionsThatComeLateOrInAnotherOrderDoNotMatter() => Stress("worker", static control =>
    {
        control.Reorders = true;
        return [control.Delay(static request => request.OffsetBytes % (3 * StorageLimits.PageBytes) == 0)];
    });

    private static Predicate<IoRequest> EveryFew(int few)
    {
        int count = 0;
        return request => request.Operation == IoOperation.Write && Interlocked.Increment(ref count) % few == 0;
    }

    private static void Stress(string method, Func<InjectionControl, Injection[]>? faults)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = Buffers, EvictionDepth = 4 });
        Relation[] relations = [.. Enumerable.Range(0, Relations).Select(number => rig.Make(Blocks, 16384 + (uint)number))];
        uint[][] versions = [.. relations.Select(static _ => new uint[Blocks])];
        Injection[] injections = faults?.Invoke(rig.Control) ?? [];
        bool stops = false;
        Task[] flows = new Task[Flows];
        for (int flow = 0; flow < Flows; flow++)
        {
            BufferSession session = rig.Session($"flow {flow}", new BufferSessionOptions { CombineMax = 4 });
            Flow work = new(session, relations, versions, new Random(flow + 1), () => stops, faults is not null);
            flows[flow] = flow < Threads
                ? Task.Factory.StartNew(work.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                : Task.Run(work.RunAsync);
        }

        try
        {
            if (Task.WaitAny([Task.WhenAll(flows)], PoolRig.Patience) < 0) Assert.Fail($"The flows did not end. {Describe(rig)}");
            Task.WhenAll(flows).GetAwaiter().GetResult();
        }
        finally
        {
            Volatile.Write(ref stops, true);
            foreach (Injection injection in injections) injection.Release();
        }

        BufferSession last = rig.Session("last");
        for (int relation = 0; relation < Relations; relation++)
        {
            PoolRig.Run(last.FlushAsync(relations[relation].Key).AsTask());
            for (uint block = 0; block < Blocks; block++) WriteBuffersTests.CheckOnDisk(rig, relations[relation], block,
                versions[relation][block]);
        }

        // Writes that made room may be in flight until their sessions end.
        rig.EndSessions();
        Assert.Equal(0, rig.Pool.Summarize().Dirty);
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    // What is pinned, locked or in progress, for whoever has to find out why.
    private static string Describe(PoolRig rig)
    {
        List<string> lines = [];
        for (int index = 0; index < rig.Pool.BufferCount; index++)
        {
            ulong state = rig.Pool.Frames.ReadState(index);
            if ((state & (BufferState.PinMask | BufferState.AnyLock | BufferState.IoInProgress)) == 0) continue;
            rig.Pool.Frames.CopyReference(index, out WaitReference reference);
            lines.Add($"{index}: {rig.Pool.Frames.TagOf(index)} {state:x16} {reference}");
        }

        lines.AddRange(rig.System.Snapshot().Select(static row => row.ToString()!));
        return string.Join(Environment.NewLine, lines);
    }

    private sealed class Flow(BufferSession session, Relation[] relations, uint[][] versions, Random random, Func<bool> stops, bool mayFail)
    {
        private const int Turns = 400;

        internal void Run()
        {
            for (int turn = 0; turn < Turns && !stops(); turn++)
            {
                try
                {
                    Turn();
                }
                catch (AioException) when (mayFail)
                {
                    // Room could not be made: the disk refuses writes. Nothing may be lost by that.
                }
            }
        }

        internal async Task RunAsync()
        {
            for (int turn = 0; turn < Turns && !stops(); turn++)
            {
                await Task.Yield();
                try
                {
                    await TurnAsync();
                }
                catch (AioException) when (mayFail)
                {
                    // As above.
                }
            }
        }

        private void Turn()
        {
            int relation = random.Next(Relations);
            uint block = (uint)random.Next((int)Blocks);
            if (random.Next(4) == 0)
            {
                ReadSome(relation, block, random.Next(1, 5));
                return;
            }

            using BufferPin pin = session.Read(relations[relation], RelationFork.Main, block);
            bool changes = random.Next(2) == 0;
            pin.Lock(changes ? ContentLockMode.Exclusive : ContentLockMode.Share);
            Work(pin, relation, block, changes);
            pin.Unlock(changes ? ContentLockMode.Exclusive : ContentLockMode.Share);
        }

        private async Task TurnAsync()
        {
            int relation = random.Next(Relations);
            uint block = (uint)random.Next((int)Blocks);
            switch (random.Next(40))
            {
                case 0:
                    await session.FlushAsync(relations[relation].Key);
                    return;
                case 1:
                    await session.EvictAsync(relations[relation].Key, RelationFork.Main, block);
                    return;
            }

            using BufferPin pin = await session.ReadAsync(relations[relation], RelationFork.Main, block);
            bool changes = random.Next(2) == 0;
            await pin.LockAsync(changes ? ContentLockMode.Exclusive : ContentLockMode.Share);
            Work(pin, relation, block, changes);
            pin.Unlock(changes ? ContentLockMode.Exclusive : ContentLockMode.Share);
        }

        private void ReadSome(int relation, uint block, int wanted)
        {
            int count = (int)Math.Min(wanted, Blocks - block);
            BufferPin[] pins = new BufferPin[count];
            ReadOperation operation = session.CreateReadOperation();
            try
            {
                for (int offset = 0; offset < count; offset += operation.BlockCount)
                {
                    session.StartReadBuffers(operation, relations[relation], RelationFork.Main, block + (uint)offset, pins, offset,
                        count - offset);
                    session.WaitReadBuffers(operation);
                    for (int index = offset; index < offset + operation.BlockCount; index++)
                    {
                        pins[index].Lock(ContentLockMode.Share);
                        Work(pins[index], relation, block + (uint)index, changes: false);
                        pins[index].Unlock(ContentLockMode.Share);
                    }
                }
            }
            finally
            {
                if (operation.IsPending) operation.Abandon();
                foreach (BufferPin pin in pins) pin.Release();
            }
        }

        private void Work(BufferPin pin, int relation, uint block, bool changes)
        {
            uint version = versions[relation][block];
            TestPage.Check(pin.Page, relations[relation].Id.Number, block, version);
            if (!changes) return;
            TestPage.Fill(pin.Page, relations[relation].Id.Number, block, version + 1);
            versions[relation][block] = version + 1;
            pin.MarkDirty();
        }
    }
}
