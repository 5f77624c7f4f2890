using System.Reflection;
using Sluice.Plugins;
using Sluice.TestPlugins.Injecting;

// The stress tests want the processors for themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sluice.Storage.Tests.Support;

/// <summary>
/// A data directory of a test's own with a storage manager on it, under a real io_method that injects faults where a test asks for it.
/// </summary>
internal sealed class StorageRig : IDisposable
{
    /// <summary>Long enough for anything that does not hang, also on a machine that does ten other things.</summary>
    internal static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(180);

    internal const uint Database = 5;

    private readonly List<string> _warnings = [];

    private StorageRig(string method, StorageOptions? options, Action<AioSystemOptions>? configure)
    {
        Folder = Directory.CreateTempSubdirectory("sluice-storage-").FullName;
        AioSystemOptions systemOptions =
            new() { Method = "injecting", Catalog = CatalogOf(method, Control), HandlesPerContext = 32, SharedContexts = 1 };
        configure?.Invoke(systemOptions);
        System = AioSystem.Start(systemOptions);
        System.Warning += warning =>
        {
            lock (_warnings) _warnings.Add(warning.Message);
        };
        Storage = new StorageManager(System, Folder, options);
        Context = System.CreateContext("test");
    }

    /// <summary>The methods that really do I/O.</summary>
    public static TheoryData<string> Methods => ["sync", "worker", "io_uring"];

    internal string Folder { get; }

    internal AioSystem System { get; }

    internal StorageManager Storage { get; private set; }

    internal AioContext Context { get; }

    internal InjectionControl Control { get; } = new();

    /// <summary>What the runtime warned of; empty unless a test provokes it.</summary>
    internal IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_warnings) return [.. _warnings];
        }
    }

    internal static StorageRig Start(string method, StorageOptions? options = null, Action<AioSystemOptions>? configure = null) =>
        new(method, options, configure);

    /// <summary>A catalog with one method, <c>injecting</c>, around the named one.</summary>
    internal static IoMethodCatalog CatalogOf(string method, InjectionControl control)
    {
        string name = method switch
        {
            "sync" => "Sluice.Methods.Sync",
            "worker" => "Sluice.Methods.Worker",
            "io_uring" => "Sluice.Methods.IoUring",
            _ => throw new ArgumentException(method),
        };
        string path = Path.Combine(IoMethodCatalog.DefaultDirectory, method, name + ".dll");
        Type factory = Assembly.LoadFrom(path).GetExportedTypes().Single(static type => type.IsAssignableTo(typeof(IIoMethodFactory)));
        IoMethodCatalog catalog = new();
        catalog.Add("injecting", new InjectingMethodFactory((IIoMethodFactory)Activator.CreateInstance(factory)!, control));
        return catalog;
    }

    /// <summary>A relation of the test's database; nothing is made yet.</summary>
    internal Relation Relation(uint number = 16384, int temporaryOwner = -1) =>
        Storage.Open(new RelationKey(new RelationId(RelationId.DefaultTablespace, Database, number), temporaryOwner));

    /// <summary>A relation that was made, with so many pages whose content <see cref="Pages"/> tells.</summary>
    internal async Task<Relation> MakeAsync(uint number = 16384, uint blocks = 0, RelationFork fork = RelationFork.Main)
    {
        Relation relation = Relation(number);
        await relation.CreateAsync(fork);
        await AppendAsync(relation, fork, 0, blocks);
        return relation;
    }

    /// <summary>Writes the pages of a test to the end of a fork.</summary>
    internal async Task AppendAsync(Relation relation, RelationFork fork, uint from, uint count)
    {
        using Pages pages = new(16);
        for (uint block = from; block < from + count;)
        {
            int run = (int)Math.Min(Math.Min(16, from + count - block), (uint)relation.MaxCombine(fork, block));
            for (int index = 0; index < run; index++) pages.Fill(index, relation.Id.Number, block + (uint)index);
            await relation.ExtendAsync(Context, fork, block, pages.Vector(0, run));
            block += (uint)run;
        }
    }

    /// <summary>Makes a second storage manager on the same directory, as after a restart.</summary>
    internal void Reopen(StorageOptions? options = null)
    {
        Storage.Dispose();
        Storage = new StorageManager(System, Folder, options ?? Storage.Options);
    }

    internal string PathOf(string relative) => Path.Combine(Folder, relative);

    public void Dispose()
    {
        Context.Dispose();
        Storage.Dispose();
        System.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
