using Sluice.Storage.Tests.Buffers.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Forgetting the pages of what is dropped, with I/O on them in flight (acceptance group I).</summary>
public sealed class InvalidationTests
{
    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Cases))]
    public void ADropWaitsForReadsInFlight(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8, isTemporary: isTemporary);
        (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) = PoolRig.StartAll(session, relation, 0, 4);
        foreach ((ReadOperation operation, _) in started) operation.Abandon();
        foreach (BufferPin pin in pins) pin.Release();
        PoolRig.Run(session.DropAsync(relation.Key).AsTask());
        PoolRig.Run(relation.UnlinkAsync(RelationFork.Main).AsTask());
        Assert.Empty(rig.Log);
        Assert.Equal(0, rig.Pool.Summarize().Used);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ADropOfAnUnloggedRelationWaitsForReadsInFlight(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) =
            PoolRig.StartAll(session, relation, 0, 4, ReadFlags.Unlogged);
        foreach ((ReadOperation operation, _) in started) operation.Abandon();
        foreach (BufferPin pin in pins) pin.Release();
        PoolRig.Run(session.DropAsync(relation.Key).AsTask());
        PoolRig.Run(relation.UnlinkAsync(RelationFork.Main).AsTask());
        Assert.Empty(rig.Log);
        Assert.Equal(0, rig.Pool.Summarize().Used);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatWasJustMadeAndReadCanBeForgottenAtOnce(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Storage.Open(
            new RelationKey(new RelationId(RelationId.DefaultTablespace, PoolRig.Database, 20000), isTemporary ? 3 : -1));
        PoolRig.Run(relation.CreateAsync(RelationFork.Main).AsTask());
        BufferPin[] made = new BufferPin[4];
        PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, made, 0, 4).AsTask());
        for (uint block = 0; block < 4; block++)
        {
            TestPage.Fill(made[block].Page, 20000, block, 1);
            made[block].MarkDirty();
            made[block].Unlock(ContentLockMode.Exclusive);
            made[block].Release();
        }

        // Filled, read without waiting, and undone: dirty pages and the read's are gone, and nothing is written any more.
        PoolRig.Evict(session, relation, 1);
        (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) = PoolRig.StartAll(session, relation, 1, 1);
        foreach ((ReadOperation operation, _) in started) operation.Abandon();
        foreach (BufferPin pin in pins) pin.Release();
        PoolRig.Run(session.DropAsync(relation.Key).AsTask());
        PoolRig.Run(relation.UnlinkAsync(RelationFork.Main).AsTask());
        Assert.Empty(rig.Log);
        Assert.Equal(0, session.PinCount);
        Assert.Equal(0, rig.Pool.Summarize().Used);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ADropWaitsForAStalledReadOfAnother(string method)
    {
        using PoolRig rig = new(method);
        BufferSession reader = rig.Session("reader");
        BufferSession dropper = rig.Session("dropper");
        Relation relation = rig.Make(8);
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Read);
        (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) = PoolRig.StartAll(reader, relation, 0, 4);
        foreach ((ReadOperation operation, _) in started) operation.Abandon();
        foreach (BufferPin pin in pins) pin.Release();
        Task dropping = dropper.DropAsync(relation.Key).AsTask();
        Assert.False(dropping.IsCompleted);
        stall.Release();
        PoolRig.Run(dropping);
        Assert.Equal(0, rig.Pool.Summarize().Used);
    }

    [Fact]
    public void ADropDoesNotWaitForThePinsOfThePageThatCameIntoTheBuffer()
    {
        using PoolRig rig = new("sync");
        BufferSession dropper = rig.Session("dropper");
        Relation relation = rig.Make(4);
        BufferPin pin = rig.Session("user").Read(relation, RelationFork.Main, 1);
        Task dropping = dropper.DropAsync(relation.Key).AsTask();
        Assert.False(dropping.IsCompleted);

        // As when the last pin went, and somebody claimed the buffer before those who wait were told: the pin is his for another page.
        Assert.True(rig.Pool.Mapping.TryRemove(pin.Slot, new TagKey(pin.Tag), ownPins: 1, evenDirty: false));
        PoolRig.Run(dropping);
        pin.Release();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void NoWriteLandsAfterADrop(string method)
    {
        using PoolRig rig = new(method);
        BufferSession writer = rig.Session("writer");
        BufferSession dropper = rig.Session("dropper");
        Relation relation = rig.Make(8);
        for (uint block = 0; block < 8; block++) WriteBuffersTests.Change(writer, relation, block, 1);
        BufferSlot[] slots = [.. WriteBuffersTests.Collect(rig, relation)];
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        WriteOperation operation = writer.CreateWriteOperation();
        Assert.Equal(4, writer.TryStartWriteBuffers(operation, slots.AsSpan(0, 4)).Count);
        Task dropping = dropper.DropAsync(relation.Key).AsTask();
        Assert.False(dropping.IsCompleted);
        stall.Release();
        PoolRig.Run(dropping);

        // What was collected before is no longer written: the pages are gone.
        Assert.Equal(WriteRefusal.NotNeeded, writer.TryStartWriteBuffers(writer.CreateWriteOperation(), slots.AsSpan(4)).Refusal);
        writer.WaitWriteBuffers(operation);
        Assert.Equal(0, rig.Pool.Summarize().Used);
        for (uint block = 4; block < 8; block++) WriteBuffersTests.CheckOnDisk(rig, relation, block, 0);
    }

    [Fact]
    public void ADropWaitsForPins()
    {
        using PoolRig rig = new("sync");
        BufferSession user = rig.Session("user");
        BufferSession dropper = rig.Session("dropper");
        Relation relation = rig.Make(8);
        BufferPin pin = user.Read(relation, RelationFork.Main, 3);
        using CancellationTokenSource cancel = new();
        Task given = dropper.DropAsync(relation.Key, cancel.Token).AsTask();
        cancel.Cancel();
        PoolRig.Run(Assert.ThrowsAnyAsync<OperationCanceledException>(() => given));
        Task dropping = dropper.DropAsync(relation.Key).AsTask();
        Assert.False(dropping.IsCompleted);
        pin.Release();
        PoolRig.Run(dropping);
        Assert.Equal(0, rig.Pool.Summarize().Used);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnlyWhatIsCutOffIsForgotten(bool isTemporary)
    {
        using PoolRig rig = new("sync");
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        Relation other = rig.Make(16, 16385, isTemporary);
        PoolRig.Scan(session, relation, 16);
        PoolRig.Scan(session, other, 16);
        for (uint block = 8; block < 16; block++) WriteBuffersTests.Change(session, relation, block, 1);
        PoolRig.Run(session.DropAsync(relation.Key, RelationFork.Main, 10).AsTask());
        PoolRig.Run(relation.TruncateAsync(RelationFork.Main, 10).AsTask());
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        Assert.Equal(10L * StorageLimits.PageBytes, new FileInfo(rig.PathOf(relation)).Length);
        WriteBuffersTests.CheckOnDisk(rig, relation, 9, 1);
        Assert.Equal(Enumerable.Repeat("hit", 10), PoolRig.ReadAll(session, relation, 0, 10).Select(static row =>
            row.NeedsIo ? "io" : "hit"));
        Assert.Equal(Enumerable.Repeat("hit", 16), PoolRig.ReadAll(session, other, 0, 16).Select(static row => row.NeedsIo ? "io" : "hit"));
        Assert.Throws<AioException>(() => session.Read(relation, RelationFork.Main, 12));
    }

    [Fact]
    public void ADatabaseIsForgottenAsAWhole()
    {
        using PoolRig rig = new("sync");
        BufferSession session = rig.Session();
        Relation first = rig.Make(8);
        Relation second = rig.Make(8, 16385);
        Relation elsewhere = rig.Make(8, 16384, database: 6);
        foreach (Relation relation in (Relation[])[first, second, elsewhere]) PoolRig.Scan(session, relation, 8);
        WriteBuffersTests.Change(session, second, 3, 1);
        PoolRig.Run(session.DropDatabaseAsync(5).AsTask());
        Assert.Equal(8, rig.Pool.Summarize().Used);
        Assert.All(rig.Pool.Snapshot().Where(static row => row.HasPage), static row => Assert.Equal(6u, row.Tag.Relation.DatabaseOid));
    }

    [Fact]
    public void ATemporaryPageThatIsPinnedCannotBeDropped()
    {
        using PoolRig rig = new("sync");
        BufferSession session = rig.Session();
        Relation relation = rig.Make(4, isTemporary: true);
        BufferPin pin = session.Read(relation, RelationFork.Main, 1);
        PoolRig.Run(Assert.ThrowsAsync<StorageException>(async () => await session.DropAsync(relation.Key)));
        pin.Release();
        PoolRig.Run(session.DropAsync(relation.Key).AsTask());
    }
}
