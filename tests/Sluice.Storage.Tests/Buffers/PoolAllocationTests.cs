using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Hits, misses, evictions and writes allocate nothing once everything is warm.</summary>
public sealed class PoolAllocationTests
{
    private const int Rounds = 300;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Fact]
    public void AHitAllocatesNothing()
    {
        using PoolRig rig = new("sync", injects: false);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(64);
        AllocatesNothing(round =>
        {
            session.Read(relation, RelationFork.Main, (uint)round % 64).Release();
            ValueTask<BufferPin> task = session.ReadAsync(relation, RelationFork.Main, (uint)round % 64);
            Assert.True(task.IsCompletedSuccessfully);
            BufferPin pin = task.Result;
            pin.Lock(ContentLockMode.Share);
            pin.Unlock(ContentLockMode.Share);
            pin.Release();
        });
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AMissAllocatesNothing(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 }, injects: false);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(400);
        ReadOperation operation = session.CreateReadOperation();
        BufferPin[] pins = new BufferPin[4];
        AllocatesNothing(round =>
        {
            session.Read(relation, RelationFork.Main, (uint)(round * 7) % 400).Release();
            for (int offset = 0; offset < 4; offset += operation.BlockCount)
            {
                session.StartReadBuffers(operation, relation, RelationFork.Main, (uint)((round * 4) + offset) % 396, pins, offset,
                    4 - offset);
                session.WaitReadBuffers(operation);
            }

            for (int index = 0; index < 4; index++)
            {
                pins[index].Release();
                pins[index] = default;
            }
        });
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AMissThatHasToWriteAVictimAllocatesNothing(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 }, injects: false);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(400);
        AllocatesNothing(round =>
        {
            BufferPin pin = session.Read(relation, RelationFork.Main, (uint)(round * 7) % 400);
            pin.Lock(ContentLockMode.Exclusive);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
        });
        Assert.True(session.ReadStatistics().Count(IoObject.Relation, IoAction.Write) > 50);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void AnExtensionThatWaitsForNothingAllocatesNothing(int pages)
    {
        // Where every I/O has ended when it is started; by a few pages, of which zeros are written, and by many, for which space is taken.
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64 }, injects: false);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(1);
        BufferPin[] pins = new BufferPin[pages];

        // Counting opens the file.
        Assert.Equal(1u, relation.GetBlockCount(RelationFork.Main));
        AllocatesNothing(round =>
        {
            ValueTask<uint> extension = session.ExtendAsync(relation, RelationFork.Main, pins, 0, pages);
            Assert.True(extension.IsCompletedSuccessfully);
            Assert.True(extension.Result > round);
            for (int index = 0; index < pages; index++)
            {
                pins[index].Unlock(ContentLockMode.Exclusive);
                pins[index].Release();
                pins[index] = default;
            }
        });
    }

    // The least of several tries: what the runtime does now and then in the background is not the pool's.
    private static void AllocatesNothing(Action<int> work)
    {
        for (int round = 0; round < Rounds; round++) work(round);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least != 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < Rounds; round++) work(round);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
