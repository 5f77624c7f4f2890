using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Content locks: who may be together, who waits, and that nobody waits for ever.</summary>
public sealed class ContentLockTests
{
    [Theory]
    [InlineData(ContentLockMode.Share, ContentLockMode.Share, true)]
    [InlineData(ContentLockMode.Share, ContentLockMode.ShareExclusive, true)]
    [InlineData(ContentLockMode.Share, ContentLockMode.Exclusive, false)]
    [InlineData(ContentLockMode.ShareExclusive, ContentLockMode.Share, true)]
    [InlineData(ContentLockMode.ShareExclusive, ContentLockMode.ShareExclusive, false)]
    [InlineData(ContentLockMode.ShareExclusive, ContentLockMode.Exclusive, false)]
    [InlineData(ContentLockMode.Exclusive, ContentLockMode.Share, false)]
    [InlineData(ContentLockMode.Exclusive, ContentLockMode.ShareExclusive, false)]
    [InlineData(ContentLockMode.Exclusive, ContentLockMode.Exclusive, false)]
    public void TwoLocksAreTogetherOrNot(ContentLockMode held, ContentLockMode wanted, bool together)
    {
        using PoolRig rig = new("sync");
        BufferPin pin = rig.Session().Read(rig.Make(2), RelationFork.Main, 0);
        pin.Lock(held);
        Assert.Equal(together, pin.TryLock(wanted));
        if (together) pin.Unlock(wanted);
        pin.Unlock(held);
        Assert.True(pin.TryLock(ContentLockMode.Exclusive));
        pin.Unlock(ContentLockMode.Exclusive);
        Assert.Throws<InvalidOperationException>(() => pin.Unlock(ContentLockMode.Exclusive));
        pin.Release();
    }

    [Fact]
    public void ReadersThatComeLaterDoNotOvertakeAWaitingWriter()
    {
        using PoolRig rig = new("sync");
        BufferPin pin = rig.Session().Read(rig.Make(2), RelationFork.Main, 0);
        pin.Lock(ContentLockMode.Share);
        Task<bool> writer = pin.LockAsync(ContentLockMode.Exclusive).AsTask();
        Assert.False(pin.TryLock(ContentLockMode.Share));
        Task<bool> reader = pin.LockAsync(ContentLockMode.Share).AsTask();
        pin.Unlock(ContentLockMode.Share);
        Assert.True(PoolRig.Run(writer));
        Assert.False(reader.IsCompleted);
        pin.Unlock(ContentLockMode.Exclusive);
        Assert.True(PoolRig.Run(reader));
        pin.Unlock(ContentLockMode.Share);
        Assert.Equal(0UL, rig.Pool.Frames.ReadState(pin.Slot) & (BufferState.AnyLock | BufferState.LockWaiters));
        pin.Release();
    }

    [Fact]
    public void AWaitThatIsCancelledLetsThoseBehindItGo()
    {
        using PoolRig rig = new("sync");
        BufferPin pin = rig.Session().Read(rig.Make(2), RelationFork.Main, 0);
        pin.Lock(ContentLockMode.Share);
        using CancellationTokenSource cancel = new();
        Task<bool> writer = pin.LockAsync(ContentLockMode.Exclusive, cancel.Token).AsTask();
        Task<bool> reader = pin.LockAsync(ContentLockMode.Share).AsTask();
        Assert.False(reader.IsCompleted);
        cancel.Cancel();
        PoolRig.Run(Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer));
        Assert.True(PoolRig.Run(reader));
        pin.Unlock(ContentLockMode.Share);
        pin.Unlock(ContentLockMode.Share);
        Assert.Equal(0UL, rig.Pool.Frames.ReadState(pin.Slot) & (BufferState.AnyLock | BufferState.LockWaiters));

        pin.Lock(ContentLockMode.Exclusive);
        using CancellationTokenSource late = new();
        Task blocked = PoolRig.Elsewhere(() => Assert.ThrowsAny<OperationCanceledException>(() => pin.Lock(ContentLockMode.Share, late.Token)));
        PoolRig.Until(() => (rig.Pool.Frames.ReadState(pin.Slot) & BufferState.LockWaiters) != 0, "the reader waits");
        late.Cancel();
        PoolRig.Run(blocked);
        pin.Unlock(ContentLockMode.Exclusive);
        Assert.Equal(0UL, rig.Pool.Frames.ReadState(pin.Slot) & (BufferState.AnyLock | BufferState.LockWaiters));
        pin.Release();
    }

    [Fact]
    public void TheLockBelongsToTheFlowAndNotToItsThread()
    {
        using PoolRig rig = new("sync");
        BufferPin pin = rig.Session().Read(rig.Make(2), RelationFork.Main, 0);
        pin.Lock(ContentLockMode.Exclusive);
        PoolRig.Run(PoolRig.Elsewhere(() =>
        {
            pin.Unlock(ContentLockMode.Exclusive);
            return true;
        }));
        Assert.True(pin.TryLock(ContentLockMode.Exclusive));
        pin.Unlock(ContentLockMode.Exclusive);
        pin.Release();
    }

    [Fact]
    public void MarkingDirtyNeedsALockThatKeepsWritersOut()
    {
        using PoolRig rig = new("sync");
        BufferPin pin = rig.Session().Read(rig.Make(2), RelationFork.Main, 0);
        Assert.Throws<InvalidOperationException>(pin.MarkDirty);
        pin.Lock(ContentLockMode.Share);
        Assert.Throws<InvalidOperationException>(pin.MarkDirty);
        pin.Unlock(ContentLockMode.Share);
        Assert.False(pin.IsDirty);
        pin.Lock(ContentLockMode.ShareExclusive);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.ShareExclusive);
        Assert.True(pin.IsDirty);
        pin.Release();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhoWantsTheLockOfAWriteDrivesTheWrite(bool awaits)
    {
        // Under a driven method the completion comes only while somebody drives, and whoever began the write does something else.
        using PoolRig rig = new("io_uring", injects: false);
        BufferSession writer = rig.Session("writer");
        BufferSession other = rig.Session("other");
        Relation relation = rig.Make(2);
        for (uint round = 1; round <= 20; round++)
        {
            WriteBuffersTests.Change(writer, relation, 0, round);
            Assert.Equal(1, writer.TryStartWriteBuffers(writer.CreateWriteOperation(), WriteBuffersTests.Collect(rig, relation).ToArray()).Count);
            using BufferPin pin = other.Read(relation, RelationFork.Main, 0);
            if (awaits) PoolRig.Run(pin.LockAsync(ContentLockMode.Exclusive).AsTask());
            else PoolRig.Run(PoolRig.Elsewhere(() => Locked(pin)));
            Assert.False(pin.IsDirty);
            pin.Unlock(ContentLockMode.Exclusive);
        }

        static bool Locked(BufferPin pin)
        {
            pin.Lock(ContentLockMode.Exclusive);
            return true;
        }
    }

    [Fact]
    public void WhoQueuedBeforeAWriteSaidWhatToWaitForIsSentToLookAgain()
    {
        using PoolRig rig = new("worker");
        BufferSession writer = rig.Session("writer");
        BufferSession other = rig.Session("other");
        Relation relation = rig.Make(2);
        WriteBuffersTests.Change(writer, relation, 0, 1);
        BufferFrames frames = rig.Pool.Frames;
        using BufferPin held = writer.Read(relation, RelationFork.Main, 0);
        using BufferPin pin = other.Read(relation, RelationFork.Main, 0);
        Assert.True(frames.TryLock(held.Slot, ContentLockMode.ShareExclusive));
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(held.Slot, isRead: false, out _));
        StorageWaiter waiter = frames.Waits.LockOrQueue(held.Slot, ContentLockMode.Exclusive, isBlocking: true)!;
        Task<bool> granted = PoolRig.Elsewhere(() => waiter.Block(CancellationToken.None));
        frames.AttachReference(held.Slot, default, takesPin: false);
        Assert.False(PoolRig.Run(granted));
        Assert.Equal(0UL, frames.ReadState(held.Slot) & BufferState.LockWaiters);
        frames.EndIo(held.Slot, 0, cleans: false, unlocks: true, unpins: false);
        Assert.True(pin.TryLock(ContentLockMode.Exclusive));
        pin.Unlock(ContentLockMode.Exclusive);
    }

    [Fact]
    public void NobodySeesAHalfChangedPageAndEverybodyGetsATurn()
    {
        using PoolRig rig = new("sync");
        Relation relation = rig.Make(1);
        const int Flows = 8;
        const int Turns = 400;
        int[] turns = new int[Flows];
        Task[] flows = new Task[Flows];
        for (int flow = 0; flow < Flows; flow++)
        {
            int number = flow;
            BufferSession session = rig.Session($"flow {flow}");
            flows[flow] = number % 2 == 0
                ? Task.Run(async () =>
                {
                    for (int turn = 0; turn < Turns; turn++)
                    {
                        await Task.Yield();
                        using BufferPin pin = session.Read(relation, RelationFork.Main, 0);
                        if (number == 0) await pin.LockAsync(ContentLockMode.Exclusive);
                        else await pin.LockAsync(ContentLockMode.Share);
                        Work(pin, number == 0);
                        pin.Unlock(number == 0 ? ContentLockMode.Exclusive : ContentLockMode.Share);
                        turns[number]++;
                    }
                })
                : Task.Factory.StartNew(
                    () =>
                    {
                        for (int turn = 0; turn < Turns; turn++)
                        {
                            using BufferPin pin = session.Read(relation, RelationFork.Main, 0);
                            ContentLockMode mode = number == 1 ? ContentLockMode.Exclusive : number == 3 ? ContentLockMode.ShareExclusive : ContentLockMode.Share;
                            pin.Lock(mode);
                            Work(pin, number == 1);
                            pin.Unlock(mode);
                            turns[number]++;
                        }
                    },
                    TaskCreationOptions.LongRunning);
        }

        PoolRig.Run(Task.WhenAll(flows));
        Assert.All(turns, static count => Assert.Equal(Turns, count));
        using BufferPin last = rig.Session("last").Read(relation, RelationFork.Main, 0);
        TestPage.Check(last.Page, 16384, 0, 2 * Turns);

        static void Work(BufferPin pin, bool changes)
        {
            uint version = TestPage.VersionOf(pin.Page);
            TestPage.Check(pin.Page, 16384, 0, version);
            if (!changes) return;
            TestPage.Fill(pin.Page, 16384, 0, version + 1);
            pin.MarkDirty();
        }
    }
}
