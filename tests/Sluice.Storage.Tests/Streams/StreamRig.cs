using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Streams;

/// <summary>A pool with a session, and a relation with pages that tell who they are.</summary>
internal sealed class StreamRig : IAsyncDisposable
{
    private StreamRig(StorageRig storage, BufferPoolOptions options)
    {
        Storage = storage;
        Pool = new BufferPool(storage.Storage, options);
        Session = Pool.CreateSession("stream");
    }

    internal StorageRig Storage { get; }

    internal InjectionControl Control => Storage.Control;

    internal BufferPool Pool { get; }

    internal BufferSession Session { get; }

    internal Relation Relation { get; private set; } = null!;

    internal static async Task<StreamRig> StartAsync(
        string method, uint blocks, BufferPoolOptions? options = null, bool isTemporary = false, StorageOptions? storageOptions = null,
            Action<AioSystemOptions>? configure = null)
    {
        StreamRig rig = new(StorageRig.Start(method, storageOptions, configure), options ?? new BufferPoolOptions { BufferCount = 128 });
        rig.Relation = isTemporary ? rig.Storage.Relation(temporaryOwner: 3) : rig.Storage.Relation();
        await rig.Relation.CreateAsync(RelationFork.Main);
        await rig.Storage.AppendAsync(rig.Relation, RelationFork.Main, 0, blocks);
        return rig;
    }

    internal ReadStream Stream(BlockSource source, ReadStreamOptions? options = null) =>
        new(Session, Relation, RelationFork.Main, source, options);

    internal ReadStream Stream(uint[] blocks, ReadStreamOptions? options = null) => Stream(BlockSource.List(blocks), options);

    /// <summary>The block that a pinned page says it is; fails when its content is another's.</summary>
    internal uint Take(BufferPin pin)
    {
        uint block = pin.BlockNumber;
        Support.Pages.Check(pin.Page, Relation.Id.Number, block);
        pin.Release();
        return block;
    }

    /// <summary>Makes the checksum of a block on disk a wrong one. Nobody has read it yet.</summary>
    internal void SpoilChecksum(uint block)
    {
        using FileStream file = new(
            Storage.PathOf(Relation.PathOf()), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        file.Position = (block * (long)StorageLimits.PageBytes) + 8;
        int present = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(present ^ 0x55));
    }

    /// <summary>As <see cref="Take"/>, of a page whose checksum was made wrong.</summary>
    internal uint TakeSpoiled(BufferPin pin)
    {
        uint block = pin.BlockNumber;
        byte[] page = pin.Page.ToArray();
        page[8] ^= 0x55;
        Support.Pages.Check(page, Relation.Id.Number, block);
        pin.Release();
        return block;
    }

    /// <summary>Everything that a stream gives from here on, either way of pulling.</summary>
    internal async Task<List<uint>> DrainAsync(ReadStream stream, bool isBlocking)
    {
        List<uint> blocks = [];
        while (true)
        {
            BufferPin pin = isBlocking ? stream.Next() : await stream.NextAsync();
            if (!pin.HasPage) return blocks;
            blocks.Add(Take(pin));
        }
    }

    internal async Task EvictAsync() => await Session.EvictAsync(Relation.Key);

    public async ValueTask DisposeAsync()
    {
        // A test that failed keeps pins: what it said is not to be hidden.
        await Session.DisposeAsync();
        Pool.Dispose();
        Storage.Dispose();
    }
}
