using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Who has the right to do a buffer's I/O, and who waits (acceptance groups S and SL).</summary>
public sealed class BufferIoTests
{
    [Theory]
    [MemberData(nameof(PoolRig.Methods), MemberType = typeof(PoolRig))]
    public void OneFlowDoesTheIoAndOthersWaitForItsEnd(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session("a");
        Relation relation = rig.Make(4);
        BufferPin toy = ReadBuffersTests.Toy(session, relation, 1);
        BufferFrames frames = rig.Pool.Frames;
        int index = toy.Slot;
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(index, isRead: true, out _));
        Assert.Equal(BufferIoStart.InProgress, frames.StartIo(index, isRead: true, out WaitReference reference));
        Assert.False(reference.IsValid);

        // Another flow that will not wait is told the same.
        Assert.Equal(BufferIoStart.InProgress, PoolRig.Run(PoolRig.Elsewhere(() => frames.StartIo(index, isRead: true, out _))));
        Task<BufferIoStart> other = PoolRig.Elsewhere(() => StartWaiting(frames, index));
        PoolRig.Until(() => rig.HasIoWaiter(index), "the other waits");
        Assert.False(other.IsCompleted);

        frames.EndIo(index, 0, cleans: false, unlocks: false, unpins: false);
        Assert.Equal(BufferIoStart.Ready, PoolRig.Run(other));
        frames.EndIo(index, 0, cleans: false, unlocks: false, unpins: false);

        Assert.Equal(BufferIoStart.Ready, frames.StartIo(index, isRead: true, out _));
        other = PoolRig.Elsewhere(() => StartWaiting(frames, index));
        PoolRig.Until(() => rig.HasIoWaiter(index), "the other waits again");
        frames.EndIo(index, BufferState.Valid, cleans: false, unlocks: false, unpins: false);
        Assert.Equal(BufferIoStart.AlreadyDone, PoolRig.Run(other));
        toy.Release();
    }

    [Theory]
    [MemberData(nameof(PoolRig.Methods), MemberType = typeof(PoolRig))]
    public async Task AnAwaitingFlowIsWokenAsABlockingOneIs(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session("a");
        BufferSession waiting = rig.Session("b");
        Relation relation = rig.Make(4);
        BufferPin toy = ReadBuffersTests.Toy(session, relation, 1);
        Assert.Equal(BufferIoStart.Ready, rig.Pool.Frames.StartIo(toy.Slot, isRead: true, out _));
        Task<BufferPin> reading = waiting.ReadAsync(relation, RelationFork.Main, 1).AsTask();
        PoolRig.Until(() => rig.HasIoWaiter(toy.Slot), "the other waits");
        Assert.False(reading.IsCompleted);
        TestPage.Fill(toy.Page, 16384, 1, 7);
        rig.Pool.Frames.EndIo(toy.Slot, BufferState.Valid, cleans: false, unlocks: false, unpins: false);
        BufferPin pin = await reading.WaitAsync(PoolRig.Patience);
        TestPage.Check(pin.Page, 16384, 1, 7);
        pin.Release();
        toy.Release();
    }

    [Fact]
    public void AWaiterThatFoundNoReferenceLooksAgainWhenThereIsOne()
    {
        // Else it would sleep until the end of an I/O that, under a driven method, nobody drives.
        using PoolRig rig = new("io_uring");
        BufferSession issuer = rig.Session("issuer");
        BufferSession waiting = rig.Session("waiting");
        Relation relation = rig.Make(4);
        BufferPin toy = ReadBuffersTests.Toy(issuer, relation, 1);
        BufferFrames frames = rig.Pool.Frames;
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(toy.Slot, isRead: true, out _));
        Task<uint> reading = PoolRig.Elsewhere(() =>
        {
            using BufferPin pin = waiting.Read(relation, RelationFork.Main, 1);
            return TestPage.VersionOf(pin.Page);
        });
        PoolRig.Until(() => rig.HasIoWaiter(toy.Slot), "the other waits");

        // The issuer starts and never looks at it again.
        AioHandle handle = issuer.Context.Acquire();
        handle.SetData([frames.WordOf(toy.Slot)]);
        handle.RegisterCallback(SharedBufferRead.Id);
        unsafe
        {
            relation.StartRead(handle, RelationFork.Main, 1, [new IoVector(frames.PageAddress(toy.Slot), StorageLimits.PageBytes)]);
        }

        Assert.Equal(0u, PoolRig.Run(reading));
        toy.Release();
    }

    [Fact]
    public async Task AWaiterThatQueuesWhenThereIsAReferenceAlreadyLooksAgain()
    {
        // It looked before the reference was attached, and queued after: whoever attached it saw nobody to tell.
        using PoolRig rig = new("io_uring");
        BufferSession issuer = rig.Session("issuer");
        Relation relation = rig.Make(4);
        BufferPin toy = ReadBuffersTests.Toy(issuer, relation, 1);
        BufferFrames frames = rig.Pool.Frames;
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(toy.Slot, isRead: true, out _));
        AioHandle handle = issuer.Context.Acquire();
        WaitReference reference = handle.Reference;
        handle.SetData([frames.WordOf(toy.Slot)]);
        handle.RegisterCallback(SharedBufferRead.Id);
        unsafe
        {
            relation.StartRead(handle, RelationFork.Main, 1, [new IoVector(frames.PageAddress(toy.Slot), StorageLimits.PageBytes)]);
        }

        Assert.True(frames.TryLock(toy.Slot, ContentLockMode.Share));
        ValueTask<bool> io = frames.Waits.QueueForIo(toy.Slot, isBlocking: false)!.AsTask(CancellationToken.None);
        ValueTask<bool> locked =
            frames.Waits.LockOrQueue(toy.Slot, ContentLockMode.Exclusive, isBlocking: false)!.AsTask(CancellationToken.None);
        Assert.True(io.IsCompleted);
        Assert.True(locked.IsCompleted);
        Assert.False(await io);
        Assert.False(await locked);
        frames.Unlock(toy.Slot, ContentLockMode.Share);
        issuer.Context.Wait(reference);
        Assert.True(toy.IsValid);
        toy.Release();
    }

    [Theory]
    [MemberData(nameof(PoolRig.Methods), MemberType = typeof(PoolRig))]
    public void TemporaryPagesNeedNoFlag(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(4, isTemporary: true);
        BufferPin toy = ReadBuffersTests.Toy(session, relation, 1);
        BufferFrames frames = toy.Frames;
        Assert.True(frames.IsLocal);
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(toy.Slot, isRead: true, out _));
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(toy.Slot, isRead: true, out _));
        frames.EndIo(toy.Slot, 0, cleans: false, unlocks: false, unpins: false);
        Assert.Equal(BufferIoStart.Ready, frames.StartIo(toy.Slot, isRead: true, out _));
        frames.EndIo(toy.Slot, BufferState.Valid, cleans: false, unlocks: false, unpins: false);
        Assert.Equal(BufferIoStart.AlreadyDone, frames.StartIo(toy.Slot, isRead: true, out _));
        toy.Release();
    }

    [Fact]
    public void APinThatWasReleasedCannotBeReleasedAgain()
    {
        using PoolRig rig = new("sync");
        BufferSession session = rig.Session();
        Relation relation = rig.Make(4);
        BufferPin pin = session.Read(relation, RelationFork.Main, 1);
        pin.Release();
        ulong state = rig.Pool.Frames.ReadState(pin.Slot);
        Assert.Throws<InvalidOperationException>(pin.Release);
        Assert.Equal(state, rig.Pool.Frames.ReadState(pin.Slot));
    }

    private static BufferIoStart StartWaiting(BufferFrames frames, int index)
    {
        while (true)
        {
            BufferIoStart start = frames.StartIo(index, isRead: true, out _);
            if (start != BufferIoStart.InProgress) return start;
            frames.Waits.QueueForIo(index, isBlocking: true)?.Block(CancellationToken.None);
        }
    }
}
