using Sluice.Storage;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Storage;

/// <summary>
/// What a storage scenario runs on: a system with the method, a data directory, a pool, and a relation in one segment or more.
/// </summary>
internal sealed class StorageHost : IDisposable
{
    internal static readonly RelationId RelationId = new(RelationId.DefaultTablespace, 5, 16384);

    private readonly bool _isDirect;

    internal StorageHost(string method, string dataDirectory, BenchRequest request, int bufferCount)
    {
        _isDirect = request.IsDirect;
        AioSystemOptions options = new()
        {
            Method = method,
            HandlesPerContext = Math.Clamp(request.Depth + 16, 32, BenchLimits.DepthMax),
            VectorsPerHandle = Math.Max(16, request.CombinePages),
            SharedContexts = 1,
            ContextsMax = 8,
        };
        options.Modules.Add(SluiceStorageAioModule.Instance);
        options.MethodSettings["io_uring"] = new Dictionary<string, string>
        {
            ["registered_buffers"] = request.IsRegistered ? "true" : "false",
        };
        System = AioSystem.Start(options);
        try
        {
            Storage = new StorageManager(System, dataDirectory, new StorageOptions { Direct = request.IsDirect });
            Pool = new BufferPool(
                Storage,
                new BufferPoolOptions
                {
                    BufferCount = bufferCount,
                    CombineMax = request.CombinePages,
                    RegisterMemory = request.IsRegistered,
                });
            Relation = Storage.Open(RelationId);
        }
        catch
        {
            Storage?.Dispose();
            System.Dispose();
            throw;
        }
    }

    internal AioSystem System { get; }

    internal StorageManager Storage { get; }

    internal BufferPool Pool { get; }

    internal Relation Relation { get; }

    /// <summary>A relation without pages, and room for some.</summary>
    /// <exception cref="FailureException">There is too little room for them.</exception>
    internal Relation MakeEmpty(uint number, uint blocks)
    {
        Relation relation = Storage.Open(new RelationId(RelationId.TablespaceOid, RelationId.DatabaseOid, number));
        if (Wait(relation.ExistsAsync(RelationFork.Main))) Wait(relation.TruncateAsync(RelationFork.Main, 0));
        else Wait(relation.CreateAsync(RelationFork.Main));
        RequireRoom(blocks);
        return relation;
    }

    /// <summary>Sees to it that the relation has at least so many pages, all of them valid.</summary>
    /// <exception cref="FailureException">There is too little room for them.</exception>
    internal void Fill(uint blocks, CancellationToken cancellationToken)
    {
        bool exists = Wait(Relation.ExistsAsync(RelationFork.Main));
        if (exists && Relation.GetBlockCount(RelationFork.Main) >= blocks) return;
        if (!exists) Wait(Relation.CreateAsync(RelationFork.Main));
        else Wait(Relation.TruncateAsync(RelationFork.Main, 0));
        RequireRoom(blocks);
        using BulkWriter writer = new(
            Relation, RelationFork.Main, new BulkWriterOptions { Durability = BulkDurability.Immediate, ExpectedBlocks = blocks });
        byte[] template = StoragePages.Make();
        for (uint block = 0; block < blocks; block++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BulkPage page = writer.Rent();
            StoragePages.Fill(page.Page, template, block);
            writer.Write(block, page);
        }

        writer.Complete();
    }

    /// <summary>Empties the system's cache of the relation.</summary>
    internal void Forget()
    {
        if (_isDirect) return;
        string path = Path.Combine(Storage.DataDirectory, Relation.PathOf());
        for (int segment = 0; File.Exists(SegmentPath(path, segment)); segment++) BenchCache.Drop(SegmentPath(path, segment));
    }

    public void Dispose()
    {
        Pool.Dispose();
        Storage.Dispose();
        System.Dispose();
    }

    internal static T Wait<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();

    internal static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    // A device that is filled to the brim is of no use to anybody else.
    private void RequireRoom(uint blocks)
    {
        long lengthBytes = (long)blocks * StorageLimits.PageBytes;
        long space = BenchFile.SpaceIn(Storage.DataDirectory);
        if (lengthBytes <= space) return;
        throw new FailureException(
            $"{Storage.DataDirectory} has {ByteSize.Format(space)} to spare and the relation needs {ByteSize.Format(lengthBytes)}: "
                + "make it smaller with --size, or name another folder with --data-directory.");
    }

    private static string SegmentPath(string path, int segment) => segment == 0 ? path : FormattableString.Invariant($"{path}.{segment}");
}
