using Sluice.Storage.Tests.Buffers.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>The one way in which dirty pages are written.</summary>
public sealed class WriteBuffersTests
{
    public static TheoryData<string> Methods => PoolRig.Methods;

    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    [Theory]
    [MemberData(nameof(Methods))]
    public void NeighboursAreWrittenTogetherWithTheirChecksums(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        foreach (uint block in (uint[])[1, 2, 3, 5]) Change(session, relation, block, 1);
        List<BufferSlot> slots = Collect(rig, relation);
        WriteOperation operation = session.CreateWriteOperation();
        WriteStart start = session.TryStartWriteBuffers(operation, slots.ToArray());
        Assert.Equal((3, WriteRefusal.NotContiguous), (start.Count, start.Refusal));
        session.WaitWriteBuffers(operation);
        operation.ThrowIfFailed();
        Assert.Equal(3, operation.BlocksWritten);
        start = session.TryStartWriteBuffers(operation, slots.ToArray().AsSpan(3));
        Assert.Equal((1, WriteRefusal.None), (start.Count, start.Refusal));
        session.WaitWriteBuffers(operation);
        Assert.Empty(Collect(rig, relation));
        foreach (uint block in (uint[])[1, 2, 3, 5]) CheckOnDisk(rig, relation, block, 1);
        CheckOnDisk(rig, relation, 4, 0);
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void APageStaysReadableAndUnchangedWhileItIsWritten(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        BufferSession other = rig.Session();
        Relation relation = rig.Make(4);
        Change(session, relation, 1, 1);
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        WriteOperation operation = session.CreateWriteOperation();
        Assert.Equal(1, session.TryStartWriteBuffers(operation, Collect(rig, relation).ToArray()).Count);
        PoolRig.Until(() =>
            session.Context.Poll() == 0 && stall.WaitUntilStalled(1, TimeSpan.Zero), "the write has been done and not yet completed");
        using BufferPin pin = other.Read(relation, RelationFork.Main, 1);
        Assert.False(pin.TryLock(ContentLockMode.ShareExclusive));
        Assert.True(pin.TryLock(ContentLockMode.Share));
        TestPage.Check(pin.Page, 16384, 1, 1);
        pin.Unlock(ContentLockMode.Share);
        Task<bool> changing = pin.LockAsync(ContentLockMode.Exclusive).AsTask();
        Assert.False(changing.IsCompleted);
        stall.Release();
        PoolRig.Run(PoolRig.Elsewhere(() =>
        {
            session.WaitWriteBuffers(operation);
            return true;
        }));
        PoolRig.Run(changing);
        TestPage.Fill(pin.Page, 16384, 1, 2);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
        Assert.True(pin.IsDirty);
        CheckOnDisk(rig, relation, 1, 1);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AFailedWriteLeavesItsPagesDirtyAndTellsWhoStartedIt(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        for (uint block = 0; block < 4; block++) Change(session, relation, block, 1);
        WriteOperation operation = session.CreateWriteOperation();
        using (rig.Control.Replace(static _ => -Errno.ENOSPC, static request => request.Operation == IoOperation.Write))
        {
            Assert.Equal(4, session.TryStartWriteBuffers(operation, Collect(rig, relation).ToArray()).Count);
            session.WaitWriteBuffers(operation);
        }

        AioException failure = Assert.IsType<AioException>(operation.Failure);
        Assert.Equal(Errno.ENOSPC, failure.Errno);
        Assert.Equal(0, operation.BlocksWritten);
        Assert.Equal(4, Collect(rig, relation).Count);
        Assert.Contains(rig.Log, static line => line.Message.Contains("the pages stay dirty", StringComparison.Ordinal));
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        for (uint block = 0; block < 4; block++) CheckOnDisk(rig, relation, block, 1);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AShortWriteIsOfferedAgainToTheEnd(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8, isTemporary: isTemporary);
        for (uint block = 0; block < 8; block++) Change(session, relation, block, 1);
        using Injection cut = rig.Control.Replace(static _ => StorageLimits.PageBytes + 100, static request =>
            request.Operation == IoOperation.Write);
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        Assert.True(cut.Count > 4);
        for (uint block = 0; block < 8; block++) CheckOnDisk(rig, relation, block, 1);
    }

    [Fact]
    public void WhatIsLockedOrWrittenByAnotherIsSaidToBe()
    {
        using PoolRig rig = new("worker");
        BufferSession session = rig.Session();
        BufferSession other = rig.Session();
        Relation relation = rig.Make(8);
        for (uint block = 0; block < 3; block++) Change(session, relation, block, 1);
        BufferSlot[] slots = [.. Collect(rig, relation)];
        WriteOperation operation = session.CreateWriteOperation();
        using (BufferPin pin = other.Read(relation, RelationFork.Main, 1))
        {
            pin.Lock(ContentLockMode.Exclusive);
            WriteStart start = session.TryStartWriteBuffers(operation, slots);
            Assert.Equal((1, WriteRefusal.Locked), (start.Count, start.Refusal));
            session.WaitWriteBuffers(operation);
            Assert.Equal(WriteRefusal.Locked, session.TryStartWriteBuffers(operation, slots.AsSpan(1)).Refusal);
            pin.Unlock(ContentLockMode.Exclusive);
        }

        Assert.Equal(WriteRefusal.NotNeeded, session.TryStartWriteBuffers(operation, slots).Refusal);
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        Assert.Equal(2, session.TryStartWriteBuffers(operation, slots.AsSpan(1)).Count);
        Assert.True(stall.WaitUntilStalled(1, PoolRig.Patience));
        WriteOperation second = other.CreateWriteOperation();
        WriteStart refused = other.TryStartWriteBuffers(second, slots.AsSpan(1));
        Assert.Equal(WriteRefusal.InProgress, refused.Refusal);
        Assert.True(refused.InProgress.IsValid);
        Task<WriteStart> waiting = other.StartWriteBuffersAsync(second, slots.AsMemory(1)).AsTask();
        Assert.False(waiting.IsCompleted);
        stall.Release();
        Assert.Equal(WriteRefusal.NotNeeded, PoolRig.Run(waiting).Refusal);
        session.WaitWriteBuffers(operation);
        operation.ThrowIfFailed();
    }

    [Fact]
    public void APageThatAnotherHasByNowIsNotWritten()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 16 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(64);
        Change(session, relation, 1, 1);
        BufferSlot[] slots = [.. Collect(rig, relation)];
        PoolRig.Scan(session, relation, 1);
        for (uint block = 8; block < 64; block++) session.Read(relation, RelationFork.Main, block).Release();
        PoolRig.Evict(session, relation, 1);
        Assert.Equal(WriteRefusal.NotNeeded, session.TryStartWriteBuffers(session.CreateWriteOperation(), slots).Refusal);
    }

    [Fact]
    public void OnlyThoseThatTheCheckpointMarkedOrNobodyUsesAreWrittenIfAskedSo()
    {
        using PoolRig rig = new("sync");
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        Change(session, relation, 1, 1);
        List<BufferSlot> marked = [];
        rig.Pool.MarkForCheckpoint(marked);
        Change(session, relation, 3, 1);
        WriteOperation operation = session.CreateWriteOperation();
        List<BufferSlot> all = Collect(rig, relation);
        Assert.Equal(2, all.Count);
        Assert.Single(marked);
        Assert.Equal(WriteRefusal.NotNeeded, session.TryStartWriteBuffers(operation, [all.Single(static slot =>
            slot.Tag.BlockNumber == 3)], WriteFlags.OnlyForCheckpoint).Refusal);
        Assert.Equal(WriteRefusal.NotNeeded, session.TryStartWriteBuffers(operation, marked.ToArray(), WriteFlags.OnlyUnused).Refusal);
        Assert.Equal(1, session.TryStartWriteBuffers(operation, marked.ToArray(), WriteFlags.OnlyForCheckpoint).Count);
        session.WaitWriteBuffers(operation);
        Assert.Equal(WriteRefusal.NotNeeded,
            session.TryStartWriteBuffers(operation, marked.ToArray(), WriteFlags.OnlyForCheckpoint).Refusal);
    }

    [Fact]
    public void TheLogComesBeforeThePage()
    {
        ScriptedLog log = new();
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64, LogFlusher = log });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        Change(session, relation, 1, 5);
        Change(session, relation, 2, 9);
        log.FlushedUpTo = new LogPosition(6);
        BufferSlot[] slots = [.. Collect(rig, relation)];
        WriteOperation operation = session.CreateWriteOperation();
        WriteStart start = session.TryStartWriteBuffers(operation, slots);
        Assert.Equal((1, WriteRefusal.LogFirst, new LogPosition(9)), (start.Count, start.Refusal, start.FlushUpTo));
        session.WaitWriteBuffers(operation);
        CheckOnDisk(rig, relation, 1, 5);
        CheckOnDisk(rig, relation, 2, 0);
        Assert.Equal(0UL,
            rig.Pool.Frames.ReadState(rig.IndexOf(relation, 2)) & (BufferState.AnyLock | BufferState.PinMask | BufferState.IoInProgress));

        start = PoolRig.Run(session.StartWriteBuffersAsync(operation, slots.AsMemory(1)).AsTask());
        Assert.Equal(1, start.Count);
        session.WaitWriteBuffers(operation);
        Assert.Equal([new LogPosition(9)], log.Flushes);
        CheckOnDisk(rig, relation, 2, 9);
    }

    [Fact]
    public void APageThatRunsAheadOfEveryFlushIsWrittenAllTheSame()
    {
        ScriptedLog log = new() { FlushedUpTo = new LogPosition(1) };
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64, LogFlusher = log });
        BufferSession session = rig.Session();
        BufferSession busy = rig.Session();
        Relation relation = rig.Make(8);
        Change(session, relation, 1, 5);
        uint version = 5;
        log.Flushing = () =>
        {
            // Once the page is locked for writing, this fails: from then on the position stands still.
            using BufferPin pin = busy.Read(relation, RelationFork.Main, 1);
            if (!pin.TryLock(ContentLockMode.Exclusive)) return;
            TestPage.Fill(pin.Page, 16384, 1, ++version);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        };
        WriteOperation operation = session.CreateWriteOperation();
        WriteStart start = PoolRig.Run(session.StartWriteBuffersAsync(operation, Collect(rig, relation).ToArray()).AsTask());
        Assert.Equal(1, start.Count);
        session.WaitWriteBuffers(operation);
        Assert.Equal(2, log.Flushes.Count);
        Assert.True(log.FlushedUpTo >= new LogPosition(version));
        CheckOnDisk(rig, relation, 1, version);
    }

    [Fact]
    public void APageThatIsLockedAgainAndAgainAndRunsAheadOfTheLogIsWrittenAllTheSame()
    {
        ScriptedLog log = new() { FlushedUpTo = new LogPosition(1) };
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64, LogFlusher = log });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        Change(session, relation, 1, 5);
        BufferSession busy = rig.Session();
        BufferPin pin = busy.Read(relation, RelationFork.Main, 1);
        uint version = 5;
        bool isHeld = false;
        log.Flushing = () =>
        {
            // The first flush finds the page free, and takes the lock, so that the writer has to stand in line.
            if (isHeld || !pin.TryLock(ContentLockMode.Exclusive)) return;
            isHeld = true;
            TestPage.Fill(pin.Page, 16384, 1, ++version);
            pin.MarkDirty();
        };
        WriteOperation operation = session.CreateWriteOperation();
        Task<WriteStart> starting = session.StartWriteInTurnAsync(operation, Collect(rig, relation).ToArray()).AsTask();
        Assert.True(isHeld);
        Assert.False(starting.IsCompleted);

        // Another stands in line behind it: what gave the lock back for the log would come after that one, and so on.
        Task<bool> next = pin.LockAsync(ContentLockMode.Exclusive).AsTask();
        pin.Unlock(ContentLockMode.Exclusive);
        Assert.Equal(1, PoolRig.Run(starting).Count);
        session.WaitWriteBuffers(operation);
        Assert.True(PoolRig.Run(next));
        Assert.True(log.FlushedUpTo >= new LogPosition(version));
        CheckOnDisk(rig, relation, 1, version);
        pin.Unlock(ContentLockMode.Exclusive);
        pin.Release();
    }

    [Fact]
    public void WithoutTheLogNeitherTheVictimIsWritten()
    {
        ScriptedLog log = new();
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 16, LogFlusher = log });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(64);
        for (uint block = 0; block < 16; block++) Change(session, relation, block, block + 1);
        Assert.Empty(log.Flushes);
        for (uint block = 16; block < 40; block++) session.Read(relation, RelationFork.Main, block).Release();
        Assert.NotEmpty(log.Flushes);
        for (uint block = 0; block < 16; block++)
        {
            if (rig.IndexOf(relation, block) < 0) Assert.True(log.FlushedUpTo >= new LogPosition(block + 1));
        }
    }

    [Fact]
    public void UnloggedPagesNeedNoLogAndNoCheckpoint()
    {
        ScriptedLog log = new();
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64, LogFlusher = log });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        using (BufferPin pin = session.Read(relation, RelationFork.Main, 1, ReadFlags.Unlogged))
        {
            pin.Lock(ContentLockMode.Exclusive);
            TestPage.Fill(pin.Page, 16384, 1, 77);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        }

        List<BufferSlot> slots = [];
        rig.Pool.MarkForCheckpoint(slots);
        Assert.Empty(slots);
        rig.Pool.MarkForCheckpoint(slots, includesUnlogged: true);
        Assert.Single(slots);
        PoolRig.Run(session.FlushAsync(relation.Key).AsTask());
        Assert.Empty(log.Flushes);
        CheckOnDisk(rig, relation, 1, 77);
    }

    /// <summary>Writes a version into a page of the pool.</summary>
    internal static void Change(BufferSession session, Relation relation, uint block, uint version)
    {
        using BufferPin pin = session.Read(relation, RelationFork.Main, block);
        pin.Lock(ContentLockMode.Exclusive);
        TestPage.Fill(pin.Page, relation.Id.Number, block, version);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
    }

    internal static List<BufferSlot> Collect(PoolRig rig, Relation relation)
    {
        List<BufferSlot> slots = [];
        rig.Pool.CollectDirty(relation.Id, null, slots);
        slots.Sort(static (left, right) => left.Tag.BlockNumber.CompareTo(right.Tag.BlockNumber));
        return slots;
    }

    internal static void CheckOnDisk(PoolRig rig, Relation relation, uint block, uint version)
    {
        byte[] page = rig.ReadOnDisk(relation, block);
        Assert.Equal(PageVerdict.Valid, PageVerifier.Verify(page, block, checksums: true));
        TestPage.Check(page, relation.Id.Number, block, version);
    }
}
