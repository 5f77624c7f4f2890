using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Bulk;

/// <summary>New pages for many flows at once: each block number is given out once.</summary>
public sealed class BulkExtenderTests
{
    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void FlowsThatTakePagesTogetherGetPagesOfTheirOwn(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 256 });
        Relation relation = rig.Make(2);
        BulkExtender extender = new(relation);
        const int Flows = 6;
        const int Rounds = 15;
        Task<List<uint>>[] flows = new Task<List<uint>>[Flows];
        for (int flow = 0; flow < Flows; flow++)
        {
            BufferSession session = rig.Session();
            flows[flow] = Task.Run(async () =>
            {
                List<uint> own = [];
                for (int round = 0; round < Rounds; round++)
                {
                    await Task.Yield();
                    BufferPin pin = await extender.TakeAsync(session);
                    Assert.True(PageVerifier.IsZero(pin.Page));
                    own.Add(pin.BlockNumber);
                    TestPage.Fill(pin.Page, 16384, pin.BlockNumber, 1);
                    pin.MarkDirty();
                    pin.Unlock(ContentLockMode.Exclusive);
                    pin.Release();
                }

                return own;
            });
        }

        List<uint> all = [.. PoolRig.Run(Task.WhenAll(flows)).SelectMany(static own => own)];
        Assert.Equal(Flows * Rounds, all.Distinct().Count());
        Assert.All(all, block => Assert.InRange(block, 2u, 1 + (uint)extender.PageCount));
        Assert.Equal(2 + extender.PageCount, relation.GetBlockCount(RelationFork.Main));
        Assert.InRange(extender.StepCount, 1, Flows * Rounds);
    }

    [Fact]
    public void AStepMakesWhatALoadWillNeed()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 256 });
        BufferSession session = rig.Session();
        BulkExtender extender = new(rig.Make(0), stepMin: 8);
        for (uint block = 0; block < 16; block++)
        {
            BufferPin pin = PoolRig.Run(extender.TakeAsync(session).AsTask());
            Assert.Equal(block, pin.BlockNumber);
            Assert.False(pin.TryLock(ContentLockMode.Share));
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
        }

        Assert.Equal((2, 16), (extender.StepCount, extender.PageCount));
        Assert.Equal(0, session.PinCount);
    }

    [Fact]
    public async Task AfterAStepThatFailedTheNextOneMakesThePages()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 256 });
        BufferSession session = rig.Session();
        BulkExtender extender = new(rig.Make(3), stepMin: 4);
        using (rig.Control.Replace(
            static _ => -Errno.ENOSPC, static request => request.Operation is IoOperation.Write or IoOperation.Allocate))
        {
            AioException failure = await Assert.ThrowsAsync<AioException>(() => extender.TakeAsync(session).AsTask());
            Assert.Equal(Errno.ENOSPC, failure.Errno);
        }

        Assert.Equal((0, 0, 0L), (session.PinCount, rig.Pool.Summarize().Pinned, extender.PageCount));
        using BufferPin pin = await extender.TakeAsync(session);
        Assert.Equal(3u, pin.BlockNumber);
        pin.Unlock(ContentLockMode.Exclusive);
    }
}
