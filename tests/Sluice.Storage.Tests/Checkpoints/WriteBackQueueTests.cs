using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>Hints to write back: merged, never for a closed file, never for direct files, for nothing.</summary>
public sealed class WriteBackQueueTests
{
    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task ManyWritesBecomeFewHints(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 50 });
        Relation relation = await rig.MakeAsync(blocks: 100);
        WriteBackQueue queue = new(rig.Storage, blocksMax: 64);
        for (uint block = 99; block > 0; block--) queue.Add(rig.Context, new PageTag(relation.Id, RelationFork.Main, block), 1);
        queue.Issue(rig.Context);

        // 64 blocks that end in the middle of the first segment, and the rest.
        Assert.Equal(3, queue.HintCount);
        Assert.Equal(0, queue.DroppedCount);
    }

    [Fact]
    public async Task AClosedFileIsNotOpenedForAHint()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync(blocks: 10);
        rig.Storage.Files.CloseAll();
        long opened = rig.Storage.Files.OpenedCount;
        WriteBackQueue queue = new(rig.Storage, blocksMax: 1);
        queue.Add(rig.Context, new PageTag(relation.Id, RelationFork.Main, 3), 1);
        queue.Add(rig.Context, new PageTag(new RelationId(1663, 5, 999), RelationFork.Main, 3), 1);
        Assert.Equal((0, 2), (queue.HintCount, queue.DroppedCount));
        Assert.Equal(opened, rig.Storage.Files.OpenedCount);
    }

    [Fact]
    public void DirectFilesGetNoHints()
    {
        using StorageRig rig = StorageRig.Start("sync", new StorageOptions { Direct = true });
        WriteBackQueue queue = new(rig.Storage, blocksMax: 1);
        Assert.False(queue.IsOn);
        queue.Add(rig.Context, new PageTag(new RelationId(1663, 5, 999), RelationFork.Main, 3), 1);
        Assert.Equal((0, 0), (queue.HintCount, queue.DroppedCount));
    }

    [Fact]
    public async Task AHintCostsNoMemory()
    {
        using StorageRig rig = StorageRig.Start("sync", configure: static options =>
        {
            options.Method = "sync";
            options.Catalog = null;
        });
        Relation relation = await rig.MakeAsync(blocks: 200);
        WriteBackQueue queue = new(rig.Storage, blocksMax: 32);
        Hint();
        Assert.Equal(0, Support.Allocated.LeastOf(Hint));
        Assert.True(queue.HintCount > 50);

        void Hint()
        {
            for (uint block = 0; block < 200; block += 2) queue.Add(
                rig.Context, new PageTag(relation.Id, RelationFork.Main, block * 37 % 200), 1);
        }
    }
}
