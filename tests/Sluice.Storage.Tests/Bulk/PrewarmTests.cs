using Sluice.Storage.Tests.Buffers.Support;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Bulk;

/// <summary>Pages are in memory before somebody needs them.</summary>
public sealed class PrewarmTests
{
    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void ARangeIsInThePoolAfterwardsAndNothingElse(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 256 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(100);
        Assert.Equal(50u, PoolRig.Run(Prewarm.LoadAsync(session, relation, firstBlock: 10, count: 50).AsTask()));
        for (uint block = 0; block < 100; block++) Assert.Equal(block is >= 10 and < 60, rig.IndexOf(relation, block) >= 0);
        Assert.Equal(0, session.PinCount);

        // What lies behind the end is left out.
        Assert.Equal(10u, PoolRig.Run(Prewarm.LoadAsync(session, relation, firstBlock: 90, count: 50).AsTask()));
        Assert.Equal(0u, PoolRig.Run(Prewarm.LoadAsync(session, relation, firstBlock: 100).AsTask()));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task TheSystemsCacheIsFilledPastThePool(string method)
    {
        using PoolRig rig = new(method, new BufferPoolOptions { BufferCount = 64 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(300);
        Assert.Equal(300u, await Prewarm.ReadIntoSystemCacheAsync(session.Context, relation));
        Assert.Equal(7u, await Prewarm.ReadIntoSystemCacheAsync(session.Context, relation, firstBlock: 293, count: 40));
        Assert.Equal(0, rig.Pool.Summarize().Used);
        using (rig.Control.Replace(static _ => -Errno.EIO, static request => request.Operation == IoOperation.Read, times: 1))
        {
            AioException failure =
                await Assert.ThrowsAsync<AioException>(() => Prewarm.ReadIntoSystemCacheAsync(session.Context, relation).AsTask());
            Assert.Equal(Errno.EIO, failure.Errno);
        }
    }

    [Fact]
    public async Task DirectFilesHaveNoSystemCacheToFill()
    {
        using StorageRig rig = StorageRig.Start("sync", new StorageOptions { Direct = true });
        StorageException refusal =
            await Assert.ThrowsAsync<StorageException>(() => Prewarm.ReadIntoSystemCacheAsync(rig.Context, rig.Relation()).AsTask());
        Assert.Contains("Load it into the pool", refusal.Message, StringComparison.Ordinal);
    }
}
