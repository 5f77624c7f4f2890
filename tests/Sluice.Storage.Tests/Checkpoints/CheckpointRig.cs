using System.Globalization;
using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>A pool, a checkpointer, and relations whose pages tell their version; what was changed is known, and what is on disk can be
/// looked at.</summary>
internal sealed class CheckpointRig : IAsyncDisposable
{
    private readonly Dictionary<(uint Relation, uint Block), uint> _versions = [];

    private CheckpointRig(StorageRig storage, BufferPoolOptions options, CheckpointerOptions? checkpointer)
    {
        Storage = storage;
        Pool = new BufferPool(storage.Storage, options);
        Session = Pool.CreateSession("writer");
        Checkpointer = new Checkpointer(Pool, checkpointer);
    }

    internal StorageRig Storage { get; }

    internal InjectionControl Control => Storage.Control;

    internal BufferPool Pool { get; }

    internal BufferSession Session { get; }

    internal Checkpointer Checkpointer { get; }

    internal List<Relation> Relations { get; } = [];

    internal static async Task<CheckpointRig> StartAsync(
        string method, uint blocks, int relations = 1, CheckpointerOptions? checkpointer = null, BufferPoolOptions? options = null,
            StorageOptions? storage = null, Action<AioSystemOptions>? configure = null)
    {
        CheckpointRig rig = new(
            StorageRig.Start(method, storage, configure), options ?? new BufferPoolOptions { BufferCount = 1024 }, checkpointer);
        for (uint number = 0; number < relations; number++) rig.Relations.Add(await rig.Storage.MakeAsync(16384 + number, blocks));
        for (uint number = 0; number < relations; number++)
        {
            for (uint block = 0; block < blocks; block++) rig._versions[(16384 + number, block)] = 0;
        }

        return rig;
    }

    /// <summary>Changes a page in the pool: its next version.</summary>
    internal async Task ChangeAsync(Relation relation, uint block)
    {
        using BufferPin pin = await Session.ReadAsync(relation, RelationFork.Main, block);
        await pin.LockAsync(ContentLockMode.Exclusive);
        uint version = ++_versions[(relation.Id.Number, block)];
        Support.Pages.Fill(pin.Page, relation.Id.Number, block, version);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
    }

    internal async Task ChangeAsync(Relation relation, IEnumerable<uint> blocks)
    {
        foreach (uint block in blocks) await ChangeAsync(relation, block);
    }

    /// <summary>Fails unless every page on disk is the newest version, and its checksum is right.</summary>
    internal void ExpectNewestOnDisk()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        foreach (((uint number, uint block), uint version) in _versions)
        {
            ReadDisk(number, block, page);
            Support.Pages.Check(page, number, block, version);
        }
    }

    /// <summary>Which version of a page is on disk; fails when it is none.</summary>
    internal uint VersionOnDisk(uint number, uint block)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        ReadDisk(number, block, page);
        uint version = (uint)(PageHeader.LogPositionOf(page).Value >> 32);
        Support.Pages.Check(page, number, block, version);
        Assert.Equal(PageVerdict.Valid, PageVerifier.Verify(page, block, checksums: true));
        return version;
    }

    internal int CountDirty() => Pool.Summarize().Dirty;

    private void ReadDisk(uint number, uint block, byte[] page)
    {
        uint segment = block / Storage.Storage.SegmentBlocks;
        string name = number.ToString(CultureInfo.InvariantCulture)
            + (segment == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{segment}"));
        using FileStream file = File.OpenRead(Path.Combine(Storage.Folder, "base", "5", name));
        file.Position = (long)(block % Storage.Storage.SegmentBlocks) * StorageLimits.PageBytes;
        file.ReadExactly(page);
    }

    public async ValueTask DisposeAsync()
    {
        await Checkpointer.DisposeAsync();
        await Session.DisposeAsync();
        Pool.Dispose();
        Storage.Dispose();
    }
}
