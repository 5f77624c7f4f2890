using System.Collections.Concurrent;
using System.Reflection;
using Sluice.Plugins;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers.Support;

/// <summary>A pool on a data directory of a test's own, under a real io_method that injects what a test asks for.</summary>
internal sealed class PoolRig : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal const uint Database = 5;

    private readonly List<BufferSession> _sessions = [];

    internal PoolRig(string method, BufferPoolOptions? options = null, Action<AioSystemOptions>? configure = null, StorageOptions? storage = null, bool injects = true)
    {
        Folder = Directory.CreateTempSubdirectory("sluice-pool-").FullName;
        AioSystemOptions systemOptions = new() { HandlesPerContext = 64, SharedContexts = 1 };
        if (injects)
        {
            systemOptions.Method = "injecting";
            systemOptions.Catalog = new IoMethodCatalog();
            systemOptions.Catalog.Add("injecting", new InjectingMethodFactory(LoadFactory(method), Control));
        }
        else
        {
            systemOptions.Method = method;
        }

        configure?.Invoke(systemOptions);
        System = AioSystem.Start(systemOptions);
        System.Warning += warning => Faults.Enqueue(warning.Message);
        Storage = new StorageManager(System, Folder, storage);
        Pool = new BufferPool(Storage, options ?? new BufferPoolOptions { BufferCount = 128 });
        Pool.Warning += warning => Log.Enqueue(warning);
    }

    public static TheoryData<string> Methods => ["sync", "worker", "io_uring"];

    public static TheoryData<string, bool> MethodsAndKinds
    {
        get
        {
            TheoryData<string, bool> data = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                data.Add(method, false);
                data.Add(method, true);
            }

            return data;
        }
    }

    internal string Folder { get; }

    internal AioSystem System { get; }

    internal StorageManager Storage { get; }

    internal BufferPool Pool { get; }

    internal InjectionControl Control { get; } = new();

    /// <summary>What the pool warned of: the server's log.</summary>
    internal ConcurrentQueue<StorageWarning> Log { get; } = new();

    /// <summary>What the runtime warned of; nothing, unless something is broken.</summary>
    internal ConcurrentQueue<string> Faults { get; } = new();

    internal BufferSession Session(string name = "session", BufferSessionOptions? options = null)
    {
        BufferSession session = Pool.CreateSession(name, options);
        lock (_sessions) _sessions.Add(session);
        return session;
    }

    /// <summary>A relation with so many pages of version 0, written past the pool.</summary>
    internal Relation Make(uint blocks, uint number = 16384, bool isTemporary = false, uint database = Database)
    {
        RelationId id = database == 0 ? new RelationId(RelationId.GlobalTablespace, 0, number) : new RelationId(RelationId.DefaultTablespace, database, number);
        Relation relation = Storage.Open(new RelationKey(id, isTemporary ? 3 : -1));
        string path = PathOf(relation);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        for (uint block = 0; block < blocks; block++) file.Write(TestPage.Make(number, block, 0));
        return relation;
    }

    internal string PathOf(Relation relation, RelationFork fork = RelationFork.Main) => Path.Combine(Folder, relation.PathOf(fork));

    /// <summary>Changes a page on disk, past the pool, which forgets it first.</summary>
    internal void ChangeOnDisk(BufferSession session, Relation relation, uint block, Action<byte[]> change)
    {
        Assert.True(Run(session.EvictAsync(relation.Key, RelationFork.Main, block).AsTask()));
        using FileStream file = new(PathOf(relation), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] page = new byte[StorageLimits.PageBytes];
        file.Position = block * (long)StorageLimits.PageBytes;
        file.ReadExactly(page);
        change(page);
        file.Position = block * (long)StorageLimits.PageBytes;
        file.Write(page);
    }

    internal byte[] ReadOnDisk(Relation relation, uint block)
    {
        using FileStream file = new(PathOf(relation), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] page = new byte[StorageLimits.PageBytes];
        file.Position = block * (long)StorageLimits.PageBytes;
        file.ReadExactly(page);
        return page;
    }

    /// <summary>The special space begins behind the page's end; the checksum is right.</summary>
    internal void CorruptHeader(BufferSession session, Relation relation, uint block) => ChangeOnDisk(session, relation, block, page =>
    {
        page[16] = 0xFF;
        page[17] = 0xFF;
        PageChecksum.Store(page, block);
    });

    internal void CorruptChecksum(BufferSession session, Relation relation, uint block) =>
        ChangeOnDisk(session, relation, block, static page => page[8] ^= 0x55);

    internal void CorruptBoth(BufferSession session, Relation relation, uint block) => ChangeOnDisk(session, relation, block, static page =>
    {
        page[16] = 0xFF;
        page[17] = 0xFF;
        page[8] ^= 0x55;
    });

    internal void Zero(BufferSession session, Relation relation, uint block) => ChangeOnDisk(session, relation, block, Array.Clear);

    /// <summary>Forgets blocks, or all of a relation.</summary>
    internal static void Evict(BufferSession session, Relation relation, params uint[] blocks)
    {
        if (blocks.Length == 0) Assert.Equal(0, Run(session.EvictAsync(relation.Key).AsTask()));
        foreach (uint block in blocks) Assert.True(Run(session.EvictAsync(relation.Key, RelationFork.Main, block).AsTask()));
    }

    /// <summary>Begins to read blocks, all operations first.</summary>
    internal static (List<(ReadOperation Operation, ReadRow Row)> Started, BufferPin[] Pins) StartAll(BufferSession session, Relation relation, uint block, int count, ReadFlags flags = ReadFlags.None)
    {
        BufferPin[] pins = new BufferPin[count];
        List<(ReadOperation, ReadRow)> started = [];
        for (int offset = 0; offset < count;)
        {
            ReadOperation operation = session.CreateReadOperation();
            bool needsIo = session.StartReadBuffers(operation, relation, RelationFork.Main, block + (uint)offset, pins, offset, count - offset, flags);
            started.Add((operation, new ReadRow(offset, block + (uint)offset, needsIo, operation.IsForeign, operation.BlockCount)));
            offset += operation.BlockCount;
        }

        return (started, pins);
    }

    internal static List<ReadRow> WaitAll(BufferSession session, List<(ReadOperation Operation, ReadRow Row)> started, BufferPin[] pins)
    {
        try
        {
            foreach ((ReadOperation operation, _) in started) session.WaitReadBuffers(operation);
            return [.. started.Select(static entry => entry.Row)];
        }
        finally
        {
            foreach ((ReadOperation operation, _) in started) operation.Abandon();
            foreach (BufferPin pin in pins) pin.Release();
        }
    }

    /// <summary>Reads blocks and shows in which operations.</summary>
    internal static List<ReadRow> ReadAll(BufferSession session, Relation relation, uint block, int count, ReadFlags flags = ReadFlags.None)
    {
        (List<(ReadOperation, ReadRow)> started, BufferPin[] pins) = StartAll(session, relation, block, count, flags);
        return WaitAll(session, started, pins);
    }

    /// <summary>Reads every block and looks at its content.</summary>
    internal static void Scan(BufferSession session, Relation relation, uint blocks, Func<uint, bool>? isZero = null)
    {
        for (uint block = 0; block < blocks;)
        {
            int count = (int)Math.Min(8, blocks - block);
            (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) = StartAll(session, relation, block, count);
            try
            {
                foreach ((ReadOperation operation, _) in started) session.WaitReadBuffers(operation);
                for (int index = 0; index < count; index++)
                {
                    if (isZero?.Invoke(block + (uint)index) == true) Assert.True(PageVerifier.IsZero(pins[index].Page));
                    else TestPage.Check(pins[index].Page, relation.Id.Number, block + (uint)index);
                }
            }
            finally
            {
                foreach ((ReadOperation operation, _) in started) operation.Abandon();
                foreach (BufferPin pin in pins) pin.Release();
            }

            block += (uint)count;
        }
    }

    /// <summary>Runs on a thread of its own, as another backend would.</summary>
    internal static Task<T> Elsewhere<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    internal static T Run<T>(Task<T> task)
    {
        Assert.True(task.Wait(Patience) || task.IsCompleted, "It did not end.");
        return task.GetAwaiter().GetResult();
    }

    internal static void Run(Task task)
    {
        if (Task.WaitAny([task], Patience) < 0) Assert.Fail("It did not end.");
        task.GetAwaiter().GetResult();
    }

    internal static void Until(Func<bool> condition, string rule)
    {
        long start = Environment.TickCount64;
        while (!condition())
        {
            if (Environment.TickCount64 - start > Patience.TotalMilliseconds) Assert.Fail($"Did not happen: {rule}.");
            Thread.Sleep(1);
        }
    }

    /// <summary>The buffer that a block has.</summary>
    internal int IndexOf(Relation relation, uint block) => Pool.Mapping.Peek(new TagKey(relation.Id, RelationFork.Main, block));

    /// <summary>Whether somebody waits for the I/O of a block that has no wait reference.</summary>
    internal bool HasIoWaiter(int index) => (Pool.Frames.ReadState(index) & BufferState.IoWaiters) != 0;

    internal static bool IsReadOf(IoRequest request, Relation relation, uint firstBlock)
    {
        string name = relation.PathOf();
        return request.Operation == IoOperation.Read && request.File.Path.EndsWith(name, StringComparison.Ordinal) && request.OffsetBytes == firstBlock * (long)StorageLimits.PageBytes;
    }

    internal void EndSessions()
    {
        lock (_sessions)
        {
            foreach (BufferSession session in _sessions) session.Dispose();
            _sessions.Clear();
        }
    }

    public void Dispose()
    {
        EndSessions();
        Pool.Dispose();
        Storage.Dispose();
        System.Dispose();
        Directory.Delete(Folder, recursive: true);
        Assert.Empty(Faults);
    }

    private static IIoMethodFactory LoadFactory(string method)
    {
        string name = method switch
        {
            "sync" => "Sluice.Methods.Sync",
            "worker" => "Sluice.Methods.Worker",
            _ => "Sluice.Methods.IoUring",
        };
        string path = Path.Combine(IoMethodCatalog.DefaultDirectory, method, name + ".dll");
        Type factory = Assembly.LoadFrom(path).GetExportedTypes().Single(static type => type.IsAssignableTo(typeof(IIoMethodFactory)));
        return (IIoMethodFactory)Activator.CreateInstance(factory)!;
    }
}
