using System.Collections.Concurrent;
using System.Text;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance.Support;

/// <summary>
/// Everything one test makes: systems, files, memory. Disposed at its end, systems first, so that memory outlives every I/O.
/// </summary>
public sealed class ConformanceRun : IDisposable
{
    private const int ChunkBlocks = 128;

    private readonly List<AioSystem> _systems = [];
    private readonly List<IDisposable> _owned = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-conformance-").FullName;
    private AioSystem? _system;
    private AioSystem? _latest;
    private AioSystem? _copier;
    private int _fileCount;

    internal ConformanceRun(ConformanceMethod method) => Method = method;

    public ConformanceMethod Method { get; }

    /// <summary>Whether the watchdog gave the test up: loops of the test that would go on for ever look at it.</summary>
    public volatile bool IsAbandoned;

    /// <summary>What the systems warned of.</summary>
    public ConcurrentQueue<AioWarning> Warnings { get; } = new();

    /// <summary>Whether the files of the latest system are the operating system's; a method may bring its own.</summary>
    public bool HasOsFiles => ReferenceEquals(FileSystem, IoFileSystem.OperatingSystem);

    // Files are made where the latest system has its own: a method with files of its own has others in each system.
    private IoFileSystem FileSystem => (_latest ?? System).FileSystem;

    // Copies content from and to files of any kind, whatever the method under test does with bytes, and is in none of its statistics.
    private AioSystem Copier => _copier ??= StartCopier();

    /// <summary>The test's system, if it needs no options of its own.</summary>
    public AioSystem System => _system ??= Start();

    /// <summary>Starts a system with the method.</summary>
    public AioSystem Start(Action<AioSystemOptions>? configure = null) => Start(Method.Name, Method.CreateCatalog(), configure);

    /// <summary>Starts a system with the method, wrapped so that a test can inject what goes wrong.</summary>
    public (AioSystem System, InjectionControl Control) StartInjected(Action<AioSystemOptions>? configure = null)
    {
        InjectionControl control = new();
        IoMethodCatalog catalog = new();
        catalog.Add("injecting", new InjectingMethodFactory(Method.CreateFactory(), control));
        return (Start("injecting", catalog, configure), control);
    }

    /// <summary>Starts a system with a method of a catalog.</summary>
    public AioSystem Start(string method, IoMethodCatalog? catalog, Action<AioSystemOptions>? configure = null)
    {
        AioSystemOptions options = new() { Method = method, Catalog = catalog, HandlesPerContext = 64 };
        options.Modules.Add(ConformanceAioModule.Instance);
        options.MethodSettings[method] = new Dictionary<string, string>(Method.Settings);
        configure?.Invoke(options);
        var system = AioSystem.Start(options);
        system.Warning += Warnings.Enqueue;
        lock (_systems) _systems.Add(system);
        _latest = system;
        return system;
    }

    /// <summary>Opens a file of the latest system's file system.</summary>
    public IoFile Open(string path, IoOpenOptions? options = null) =>
        Own(FileSystem.Open(path, options ?? new IoOpenOptions { Access = IoAccess.ReadWrite }));

    /// <summary>Makes a file of so many blocks that has the pattern, in the latest system's file system, and opens it.</summary>
    public IoFile CreateFile(int blocks, IoOpenOptions? options = null, ulong seed = 0) => Open(CreatePath(blocks, seed), options);

    /// <summary>Makes a file of so many blocks that has the pattern, in the latest system's file system.</summary>
    public string CreatePath(int blocks, ulong seed = 0)
    {
        if (!FileSystem.Exists(_folder)) FileSystem.CreateDirectory(_folder);
        string path = $"{_folder}/file-{Interlocked.Increment(ref _fileCount)}";
        using IoFile file = FileSystem.Open(path, new IoOpenOptions { Access = IoAccess.Write, Creation = IoCreation.CreateNew });
        using NativeBlock chunk = new(Math.Min(blocks, ChunkBlocks) * Pattern.BlockBytes);
        for (int block = 0; block < blocks; block += ChunkBlocks)
        {
            int lengthBytes = Math.Min(ChunkBlocks, blocks - block) * Pattern.BlockBytes;
            long offsetBytes = (long)block * Pattern.BlockBytes;
            Pattern.Fill(chunk.Span[..lengthBytes], offsetBytes, seed);
            Copy(handle => handle.StartWrite(file, offsetBytes), chunk.Vector(0, lengthBytes));
        }

        return path;
    }

    /// <summary>All that a file of the latest system's file system has.</summary>
    public byte[] ReadAll(string path)
    {
        using IoFile file = FileSystem.Open(path, new IoOpenOptions());
        using NativeBlock content = new((int)file.GetLength());
        if (content.LengthBytes != 0) Copy(handle => handle.StartRead(file, 0), content.Vector());
        return content.Span.ToArray();
    }

    /// <summary>Memory of whole blocks.</summary>
    public NativeBlock Allocate(int blocks) => Own(new NativeBlock(blocks * Pattern.BlockBytes));

    /// <summary>Looks at content, if the method moves any.</summary>
    public void CheckContent(ReadOnlySpan<byte> memory, long offsetBytes, ulong seed = 0)
    {
        if (Method.TransfersData) Pattern.Check(memory, offsetBytes, seed);
    }

    /// <summary>Runs code on a thread of its own.</summary>
    public static Task OnThread(Action body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Disposes something with the run.</summary>
    public T Own<T>(T owned)
        where T : IDisposable
    {
        lock (_owned) _owned.Add(owned);
        return owned;
    }

    /// <summary>What is in flight, for the message of a hang.</summary>
    public string Dump()
    {
        StringBuilder text = new();
        lock (_systems)
        {
            foreach (AioSystem system in _systems)
            {
                text.AppendLine($"System with {system.MethodName}:");
                foreach (AioHandleInfo row in system.Snapshot()) text.AppendLine("  " + row);
                foreach ((string name, string value) in system.DescribeMethod()) text.AppendLine($"  {name}: {value}");
            }
        }

        foreach (AioWarning warning in Warnings) text.AppendLine($"  warned: {warning.Message}");
        return text.ToString();
    }

    public void Dispose()
    {
        for (int index = _systems.Count - 1; index >= 0; index--) _systems[index].Dispose();
        _copier?.Dispose();
        for (int index = _owned.Count - 1; index >= 0; index--) _owned[index].Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Copy(Action<AioHandle> start, IoVector vector)
    {
        using AioContext context = Copier.CreateContext("copier");
        AioReturn place = new();
        AioHandle handle = context.Acquire(place);
        handle.SetVector(vector);
        start(handle);
        while (context.WaitForAny())
        {
        }

        place.ThrowIfFailed();
        Assert.Equal((long)vector.LengthBytes, place.Result.Value);
    }

    // Executes every request where it is issued, on whatever kind of file it is.
    private static AioSystem StartCopier()
    {
        IoMethodCatalog catalog = new();
        catalog.Add("plain", new PlainMethodFactory());
        return AioSystem.Start(
            new AioSystemOptions { Method = "plain", Catalog = catalog, HandlesPerContext = 1, ContextsMax = 2, SharedContexts = 1 });
    }
}
