using Sluice.Storage.Tests.Buffers.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>New pages at the end of a relation.</summary>
public sealed class ExtensionTests
{
    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Cases))]
    public void NewPagesAreZeroPinnedAndLockedAndTheFileHasThem(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(3, isTemporary: isTemporary);
        BufferPin[] pins = new BufferPin[10];
        Assert.Equal(3u, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 10).AsTask()));
        Assert.Equal(13L * StorageLimits.PageBytes, new FileInfo(rig.PathOf(relation)).Length);
        for (uint index = 0; index < 10; index++)
        {
            BufferPin pin = pins[index];
            Assert.Equal(3 + index, pin.BlockNumber);
            Assert.True(pin.IsValid && !pin.IsDirty && PageVerifier.IsZero(pin.Page));
            if (!isTemporary) Assert.False(pin.TryLock(ContentLockMode.Share));
            TestPage.Fill(pin.Page, 16384, 3 + index, 0);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
        }

        PoolRig.Scan(session, relation, 13);
        PoolRig.Evict(session, relation);
        PoolRig.Scan(session, relation, 13);
        Assert.Equal(1, session.ReadStatistics().Count(isTemporary ? IoObject.TemporaryRelation : IoObject.Relation, IoAction.Extend));
    }

    [Fact]
    public void ARingOfThePoolIsNotUsedForTemporaryPages()
    {
        // The numbers in it would be taken for those of the session's own buffers, of which there are fewer.
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 256 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(0, isTemporary: true);
        AccessRing ring = AccessRing.ForVacuum(rig.Pool);
        int position = ring.Position;
        BufferPin[] pins = new BufferPin[1];
        for (uint block = 0; block < 5; block++)
        {
            Assert.Equal(block, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 1, ring: ring).AsTask()));
            pins[0].Release();
        }

        Assert.Equal(position, ring.Position);
        for (int place = 0; place < ring.BufferCount; place++) Assert.Equal(-1, ring.Ahead(place));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ThoseWhoExtendTogetherGetPagesOfTheirOwn(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 64 });
        Relation relation = rig.Make(0);
        const int Flows = 6;
        const int Rounds = 20;
        List<uint>[] blocks = new List<uint>[Flows];
        Task[] flows = new Task[Flows];
        for (int flow = 0; flow < Flows; flow++)
        {
            List<uint> own = blocks[flow] = [];
            BufferSession session = rig.Session();
            int count = flow % 3 + 1;
            flows[flow] = Task.Run(async () =>
            {
                BufferPin[] pins = new BufferPin[count];
                for (int round = 0; round < Rounds; round++)
                {
                    await Task.Yield();
                    uint first = await session.ExtendAsync(relation, RelationFork.Main, pins, 0, count);
                    for (uint index = 0; index < count; index++)
                    {
                        TestPage.Fill(pins[index].Page, 16384, first + index, 0);
                        own.Add(first + index);
                        pins[index].MarkDirty();
                        pins[index].Unlock(ContentLockMode.Exclusive);
                        pins[index].Release();
                    }
                }
            });
        }

        PoolRig.Run(Task.WhenAll(flows));
        List<uint> all = [.. blocks.SelectMany(static own => own).Order()];
        Assert.Equal(Enumerable.Range(0, Rounds * 12).Select(static block => (uint)block), all);
        BufferSession reader = rig.Session();
        PoolRig.Scan(reader, relation, Rounds * 12);
        PoolRig.Evict(reader, relation);
        PoolRig.Scan(reader, relation, Rounds * 12);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AFailedExtensionLeavesNothingPinnedAndCanBeRepeated(string method, bool isTemporary)
    {
        // By zeros that are written, and by space that is reserved; each with what a disk says that is full, and that fails.
        (int AllocateAbove, IoOperation Operation)[] ways = [(-1, IoOperation.Write), (2, IoOperation.Allocate)];
        foreach ((int allocateAbove, IoOperation operation) in ways)
        {
            foreach (int errno in (int[])[Errno.ENOSPC, Errno.EIO, Errno.EDQUOT])
            {
                using PoolRig rig = new(method, storage: new StorageOptions { AllocateAboveBlocks = allocateAbove });
                BufferSession session = rig.Session();
                Relation relation = rig.Make(3, isTemporary: isTemporary);
                BufferPin[] pins = new BufferPin[4];
                using (Injection fail = rig.Control.Replace(_ => -errno, request => request.Operation == operation))
                {
                    AioException failure = PoolRig.Run(Assert.ThrowsAsync<AioException>(async () =>
                        await session.ExtendAsync(relation, RelationFork.Main, pins, 0, 4)));
                    Assert.Equal(errno, failure.Errno);
                    Assert.Equal(1, fail.Count);
                }

                ExpectNothingTaken(rig, session, pins);
                Assert.Equal(3u, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 4).AsTask()));
                FillAll(pins);
                PoolRig.Evict(session, relation);
                PoolRig.Scan(session, relation, 7);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnExtensionOfWhichAPartFailsCountsWhatIsBeforeIt(string method, bool isTemporary)
    {
        foreach (int errno in (int[])[Errno.ENOSPC, Errno.EIO])
        {
            // Several writes in flight, of which one in the middle fails.
            using PoolRig rig = new(
                method, new BufferPoolOptions { BufferCount = 128 }, configure: static options => options.VectorsPerHandle = 16,
                storage: new StorageOptions { AllocateAboveBlocks = -1, SegmentBlocks = 8 });
            BufferSession session = rig.Session(options: new BufferSessionOptions { LocalBufferCount = 128 });
            Relation relation = rig.Make(3, isTemporary: isTemporary);
            BufferPin[] pins = new BufferPin[60];
            using (rig.Control.Replace(_ => -errno, request => request.Operation == IoOperation.Write && IsSegment(request, 3)))
            {
                AioException failure = PoolRig.Run(Assert.ThrowsAsync<AioException>(async () =>
                    await session.ExtendAsync(relation, RelationFork.Main, pins, 0, 60)));
                Assert.Equal(errno, failure.Errno);
            }

            ExpectNothingTaken(rig, session, pins);

            // Three whole segments are there, new and empty, and the next pages come behind them.
            Assert.Equal(24u, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 60).AsTask()));
            FillAll(pins);
            PoolRig.Evict(session, relation);
            PoolRig.Scan(session, relation, 84, static block => block is >= 3 and < 24);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnExtensionWhoseWritesComeShortIsMadeWhole(string method, bool isTemporary)
    {
        foreach (int keptBytes in (int[])[StorageLimits.PageBytes, 20_000, (5 * StorageLimits.PageBytes) + 1])
        {
            using PoolRig rig = new(method, storage: new StorageOptions { AllocateAboveBlocks = -1 });
            BufferSession session = rig.Session();
            Relation relation = rig.Make(3, isTemporary: isTemporary);
            BufferPin[] pins = new BufferPin[40];
            using (Injection cut = rig.Control.Replace(
                result => Math.Min(result, keptBytes), static request => request.Operation == IoOperation.Write))
            {
                Assert.Equal(3u, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 40).AsTask()));
                Assert.True(cut.Count >= 40 * StorageLimits.PageBytes / keptBytes, $"Only {cut.Count} writes.");
            }

            Assert.Equal(43L * StorageLimits.PageBytes, new FileInfo(rig.PathOf(relation)).Length);
            Assert.All(pins, static pin => Assert.True(PageVerifier.IsZero(pin.Page)));
            FillAll(pins);
            PoolRig.Evict(session, relation);
            PoolRig.Scan(session, relation, 43);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnExtensionOfWhichNotOnePageIsWrittenFails(string method, bool isTemporary)
    {
        using PoolRig rig = new(method, storage: new StorageOptions { AllocateAboveBlocks = -1 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(3, isTemporary: isTemporary);
        BufferPin[] pins = new BufferPin[4];
        using (rig.Control.Replace(static _ => 17, static request => request.Operation == IoOperation.Write))
        {
            AioException failure = PoolRig.Run(Assert.ThrowsAsync<AioException>(async () =>
                await session.ExtendAsync(relation, RelationFork.Main, pins, 0, 4)));
            Assert.Contains("wrote only 17 of ", failure.Message, StringComparison.Ordinal);
        }

        ExpectNothingTaken(rig, session, pins);
        Assert.Equal(3u, PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 4).AsTask()));
        FillAll(pins);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhereSpaceCannotBeReservedZerosAreWritten(string method, bool isTemporary)
    {
        using PoolRig rig = new(method, storage: new StorageOptions { AllocateAboveBlocks = 2 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(3, isTemporary: isTemporary);
        BufferPin[] pins = new BufferPin[4];
        using Injection refuse =
            rig.Control.Replace(static _ => -Errno.EOPNOTSUPP, static request => request.Operation == IoOperation.Allocate);
        for (uint round = 0; round < 3; round++)
        {
            Assert.Equal(3 + (4 * round), PoolRig.Run(session.ExtendAsync(relation, RelationFork.Main, pins, 0, 4).AsTask()));
            FillAll(pins);
        }

        Assert.Equal(1, refuse.Count);
        PoolRig.Evict(session, relation);
        PoolRig.Scan(session, relation, 15);
    }

    [Fact]
    public void AnExtensionThatFindsNoRoomGivesBackWhatItClaimed()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 16 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(3);
        BufferPin[] pins = new BufferPin[20];
        PoolRig.Run(Assert.ThrowsAsync<StorageException>(async () => await session.ExtendAsync(relation, RelationFork.Main, pins, 0, 20)));
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
        Assert.Equal(0, session.PinCount);
        PoolRig.Scan(session, relation, 3);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void WhoReadsANewPageWaitsUntilItIsInitialised(string method)
    {
        using PoolRig rig = new(method, storage: new StorageOptions { AllocateAboveBlocks = -1 });
        BufferSession session = rig.Session("extender");
        BufferSession reader = rig.Session("reader");
        Relation relation = rig.Make(1);
        BufferPin[] pins = new BufferPin[1];
        Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        Task<uint> extending = session.ExtendAsync(relation, RelationFork.Main, pins, 0, 1).AsTask();
        PoolRig.Until(() => rig.IndexOf(relation, 1) >= 0, "the new page has a buffer");
        Task<uint> reading = Task.Run(async () =>
        {
            BufferPin pin = await reader.ReadAsync(relation, RelationFork.Main, 1);
            await pin.LockAsync(ContentLockMode.Share);
            uint version = TestPage.VersionOf(pin.Page);
            pin.Unlock(ContentLockMode.Share);
            pin.Release();
            return version;
        });
        PoolRig.Until(() => rig.HasIoWaiter(rig.IndexOf(relation, 1)), "the reader waits");
        stall.Release();
        PoolRig.Run(extending);
        Assert.False(reading.IsCompleted);
        TestPage.Fill(pins[0].Page, 16384, 1, 42);
        pins[0].MarkDirty();
        pins[0].Unlock(ContentLockMode.Exclusive);
        pins[0].Release();
        Assert.Equal(42u, PoolRig.Run(reading));
    }

    private static void ExpectNothingTaken(PoolRig rig, BufferSession session, BufferPin[] pins)
    {
        Assert.Equal(0, session.PinCount);
        Assert.All(pins, static pin => Assert.False(pin.HasPage));
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    private static void FillAll(BufferPin[] pins)
    {
        foreach (ref BufferPin pin in pins.AsSpan())
        {
            TestPage.Fill(pin.Page, 16384, pin.BlockNumber, 0);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
            pin = default;
        }
    }

    private static bool IsSegment(IoRequest request, int segment) => request.File.Path.EndsWith($".{segment}", StringComparison.Ordinal);
}
