using Sluice.Storage.Tests.Buffers.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Making room: the clock, the rings, and writes of dirty victims that fail or take long.</summary>
public sealed class EvictionTests
{
    public static TheoryData<string> Methods => PoolRig.Methods;

    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    [Theory]
    [MemberData(nameof(Cases))]
    public void DirtyPagesAreWrittenBeforeTheyAreForgotten(string method, bool isTemporary)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 });
        BufferSession session = rig.Session(options: new BufferSessionOptions { LocalBufferCount = 32 });
        Relation relation = rig.Make(200, isTemporary: isTemporary);
        for (uint version = 1; version <= 3; version++)
        {
            for (uint block = 0; block < 200; block++) WriteBuffersTests.Change(session, relation, block, version);
            for (uint block = 0; block < 200; block++)
            {
                using BufferPin pin = session.Read(relation, RelationFork.Main, block);
                TestPage.Check(pin.Page, 16384, block, version);
            }
        }

        IoStatistics statistics = session.ReadStatistics();
        IoObject kind = isTemporary ? IoObject.TemporaryRelation : IoObject.Relation;
        Assert.True(statistics[kind, IoContext.Normal, IoAction.Evict].Count > 500);
        Assert.True(statistics[kind, IoContext.Normal, IoAction.Write].Bytes >= 500L * StorageLimits.PageBytes);

        // Neighbours that are victims too go with it.
        Assert.True(statistics[kind, IoContext.Normal, IoAction.Write].Count < statistics[kind, IoContext.Normal,
            IoAction.Write].Bytes / StorageLimits.PageBytes);
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        for (uint block = 0; block < 200; block++) WriteBuffersTests.CheckOnDisk(rig, relation, block, 3);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void WhatMakesRoomForTemporaryPagesIsWaitedForByAFlush(string method)
    {
        // A write of the search for victims that is over, and whose outcome the session has not taken yet.
        using PoolRig rig = new(method);
        BufferSession session = rig.Session(options: new BufferSessionOptions { LocalBufferCount = 64 });
        Relation relation = rig.Make(200, isTemporary: true);
        for (uint block = 0; block < 4; block++) WriteBuffersTests.Change(session, relation, block, 1);
        Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        for (uint block = 4; block < 68; block++) session.Read(relation, RelationFork.Main, block).Release();
        Assert.Equal(4, session.ReadStatistics()[IoObject.TemporaryRelation, IoContext.Normal, IoAction.Write].Bytes / StorageLimits.PageBytes);
        stall.Dispose();
        PoolRig.Run(Task.Run(() => session.FlushAsync(relation.Key).AsTask()));
        for (uint block = 0; block < 4; block++) WriteBuffersTests.CheckOnDisk(rig, relation, block, 1);
    }

    [Fact]
    public void APoolWhosePagesAreAllPinnedSaysSo()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 16 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(64);
        BufferPin[] pins = new BufferPin[16];
        for (uint block = 0; block < 16; block++) pins[block] = session.Read(relation, RelationFork.Main, block);
        StorageException failure = Assert.Throws<StorageException>(() => session.Read(relation, RelationFork.Main, 20));
        Assert.StartsWith("There are no unpinned buffers available: all 16 are in use.", failure.Message, StringComparison.Ordinal);
        PoolRig.Run(Assert.ThrowsAsync<StorageException>(async () => await session.ReadAsync(relation, RelationFork.Main, 20)));
        pins[7].Release();
        pins[7] = session.Read(relation, RelationFork.Main, 20);
        TestPage.Check(pins[7].Page, 16384, 20);
        foreach (BufferPin pin in pins) pin.Release();
        Assert.Equal(0, session.PinCount);
    }

    [Fact]
    public void AReadOfManyBlocksIsShorterWhenThereIsNoRoomForAll()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 16 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(64);
        BufferPin[] pins = new BufferPin[13];
        for (uint block = 0; block < 13; block++) pins[block] = session.Read(relation, RelationFork.Main, block);
        BufferPin[] more = new BufferPin[8];
        ReadOperation operation = session.CreateReadOperation();
        Assert.True(session.StartReadBuffers(operation, relation, RelationFork.Main, 20, more, 0, 8));
        Assert.Equal(3, operation.BlockCount);
        session.WaitReadBuffers(operation);
        for (int index = 0; index < 3; index++) TestPage.Check(more[index].Page, 16384, 20 + (uint)index);
        foreach (BufferPin pin in (BufferPin[])[.. pins, .. more]) pin.Release();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AVictimWhoseWriteFailsStaysDirtyAndAnotherServes(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 });
        BufferSession session = rig.Session();
        Relation bad = rig.Make(16, 16385);
        Relation good = rig.Make(200);
        for (uint block = 0; block < 16; block++) WriteBuffersTests.Change(session, bad, block, 1);
        using (rig.Control.Replace(static _ => -Errno.EIO, request =>
            request.Operation == IoOperation.Write && request.File.Path.EndsWith("16385", StringComparison.Ordinal)))
        {
            for (uint block = 0; block < 200; block++) WriteBuffersTests.Change(session, good, block, 1);
            for (uint block = 0; block < 16; block++)
            {
                using BufferPin pin = session.Read(bad, RelationFork.Main, block);
                TestPage.Check(pin.Page, 16385, block, 1);
                Assert.True(pin.IsDirty);
            }
        }

        Assert.Contains(rig.Log, static line => line.Message.Contains("base/5/16385", StringComparison.Ordinal));
        PoolRig.Run(session.FlushAsync(bad.Key).AsTask());
        PoolRig.Run(session.FlushAsync(good.Key).AsTask());
        for (uint block = 0; block < 16; block++) WriteBuffersTests.CheckOnDisk(rig, bad, block, 1);
        for (uint block = 0; block < 200; block++) WriteBuffersTests.CheckOnDisk(rig, good, block, 1);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void WhenNoVictimCanBeWrittenTheReaderGetsTheError(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(200);
        for (uint block = 0; block < 32; block++) WriteBuffersTests.Change(session, relation, block, 1);
        using (rig.Control.Replace(static _ => -Errno.ENOSPC, static request => request.Operation == IoOperation.Write))
        {
            for (int attempt = 0; attempt < 3; attempt++)
            {
                AioException failure = Assert.Throws<AioException>(() => session.Read(relation, RelationFork.Main, 100));
                Assert.Equal(Errno.ENOSPC, failure.Errno);
            }

            Assert.Equal(32, rig.Pool.Summarize().Dirty);
        }

        session.Read(relation, RelationFork.Main, 100).Release();
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        for (uint block = 0; block < 32; block++) WriteBuffersTests.CheckOnDisk(rig, relation, block, 1);
        Assert.Equal(0, rig.Pool.Summarize().Dirty);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AReaderDoesNotWaitForAnothersWriteWhenAnotherVictimServes(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 32 });
        BufferSession writer = rig.Session("writer");
        BufferSession reader = rig.Session("reader");
        Relation relation = rig.Make(200);
        for (uint block = 0; block < 8; block++) WriteBuffersTests.Change(writer, relation, block, 1);
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        WriteOperation operation = writer.CreateWriteOperation();
        Assert.Equal(8, writer.TryStartWriteBuffers(operation, WriteBuffersTests.Collect(rig, relation).ToArray()).Count);

        // Nothing releases the write before these are done.
        for (uint block = 20; block < 120; block++) reader.Read(relation, RelationFork.Main, block).Release();
        for (uint block = 0; block < 8; block++) Assert.True(rig.IndexOf(relation, block) >= 0);
        stall.Release();
        writer.WaitWriteBuffers(operation);
    }

    [Fact]
    public void ARingOfReadsLeavesTheRestOfThePoolAlone()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 256 });
        BufferSession session = rig.Session();
        Relation hot = rig.Make(64, 16385);
        Relation cold = rig.Make(1000);
        for (uint block = 0; block < 64; block++) session.Read(hot, RelationFork.Main, block).Release();
        AccessRing ring = AccessRing.ForBulkRead(rig.Pool, 16);
        Assert.Equal(32, ring.BufferCount);
        for (uint block = 0; block < 1000; block++) session.Read(cold, RelationFork.Main, block, ReadFlags.None, ring).Release();
        for (uint block = 0; block < 64; block++) Assert.True(rig.IndexOf(hot, block) >= 0);
        Assert.True(rig.Pool.Snapshot().Count(row => row.HasPage && row.Tag.Relation == cold.Id) <= 32);
        IoStatistics statistics = session.ReadStatistics();
        Assert.Equal(1000, statistics[IoObject.Relation, IoContext.BulkRead, IoAction.Read].Count);
        Assert.Equal(968, statistics[IoObject.Relation, IoContext.BulkRead, IoAction.Reuse].Count);
        Assert.Equal(64, statistics[IoObject.Relation, IoContext.Normal, IoAction.Read].Count);
    }

    [Theory]
    [InlineData(IoContext.BulkRead)]
    [InlineData(IoContext.Vacuum)]
    [InlineData(IoContext.BulkWrite)]
    public void WhatARingPushesOutOfThePoolIsCountedWithTheRing(IoContext kind)
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 128 });
        BufferSession owner = rig.Session("owner");
        BufferSession session = rig.Session("ring");
        Relation old = rig.Make(128, 16385);
        Relation relation = rig.Make(100);

        // A full pool, all of it dirty: the ring's first buffers have to be taken from it, the others are its own.
        for (uint block = 0; block < 128; block++) owner.Read(old, RelationFork.Main, block).Release();
        for (uint block = 0; block < 128; block++) WriteBuffersTests.Change(owner, old, block, 1);
        AccessRing ring = kind switch
        {
            IoContext.BulkRead => AccessRing.ForBulkRead(rig.Pool, 16),
            IoContext.Vacuum => AccessRing.ForVacuum(rig.Pool),
            _ => AccessRing.ForBulkWrite(rig.Pool),
        };
        Assert.Equal(16, ring.BufferCount);
        for (uint block = 0; block < 100; block++) session.Read(relation, RelationFork.Main, block, ReadFlags.None, ring).Release();
        IoStatistics statistics = session.ReadStatistics();
        Assert.Equal(16, statistics[IoObject.Relation, kind, IoAction.Evict].Count);
        Assert.Equal(84, statistics[IoObject.Relation, kind, IoAction.Reuse].Count);

        // The writes that made room as well.
        Assert.True(statistics[IoObject.Relation, kind, IoAction.Write].Count > 0);
        Assert.DoesNotContain(statistics.Rows, static row => row.Context == IoContext.Normal);

        // A ring's buffer that another holds on to is replaced from the pool, which is no reuse.
        List<BufferPin> pins = [];
        for (uint block = 84; block < 100; block++) pins.Add(owner.Read(relation, RelationFork.Main, block));
        for (uint block = 0; block < 16; block++) session.Read(relation, RelationFork.Main, block, ReadFlags.None, ring).Release();
        foreach (BufferPin pin in pins) pin.Release();
        statistics = session.ReadStatistics();
        Assert.Equal(
            (32, 84),
            (statistics[IoObject.Relation, kind, IoAction.Evict].Count, statistics[IoObject.Relation, kind, IoAction.Reuse].Count));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ARingOfWritesWritesAheadAndLosesNothing(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 512 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(600);
        AccessRing ring = AccessRing.ForBulkWrite(rig.Pool);
        Assert.Equal(64, ring.BufferCount);
        for (uint block = 0; block < 600; block++)
        {
            using BufferPin pin = session.Read(relation, RelationFork.Main, block, ReadFlags.None, ring);
            pin.Lock(ContentLockMode.Exclusive);
            TestPage.Fill(pin.Page, 16384, block, 1);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        }

        IoStatisticsRow writes = session.ReadStatistics()[IoObject.Relation, IoContext.BulkWrite, IoAction.Write];
        Assert.True(writes.Bytes >= 500L * StorageLimits.PageBytes);
        Assert.True(writes.Count <= writes.Bytes / StorageLimits.PageBytes / 4,
            $"{writes.Count} writes of {writes.Bytes / StorageLimits.PageBytes} pages");
        Assert.True(rig.Pool.Snapshot().Count(static row => row.HasPage) <= 80);
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        for (uint block = 0; block < 600; block++) WriteBuffersTests.CheckOnDisk(rig, relation, block, 1);
    }

    [Fact]
    public void WhatIsUsedOftenOutlivesWhatIsUsedOnce()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(500);
        for (uint round = 0; round < 5; round++)
        {
            for (uint block = 0; block < 16; block++) session.Read(relation, RelationFork.Main, block).Release();
        }

        for (uint block = 100; block < 180; block++) session.Read(relation, RelationFork.Main, block).Release();
        int kept = 0;
        for (uint block = 0; block < 16; block++) kept += rig.IndexOf(relation, block) >= 0 ? 1 : 0;
        Assert.Equal(16, kept);
    }
}
