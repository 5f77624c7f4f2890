using System.Collections.Concurrent;
using System.Text;
using Sluice.Conformance.Layer;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance.Support;

/// <summary>Everything one test makes: systems, files, memory. Disposed at its end, systems first, so that memory outlives every I/O.</summary>
public sealed class ConformanceRun : IDisposable
{
    private readonly List<AioSystem> _systems = [];
    private readonly List<IDisposable> _owned = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-conformance-").FullName;
    private AioSystem? _system;
    private int _fileCount;

    internal ConformanceRun(ConformanceMethod method) => Method = method;

    public ConformanceMethod Method { get; }

    /// <summary>Whether the watchdog gave the test up: loops of the test that would go on for ever look at it.</summary>
    public volatile bool IsAbandoned;

    /// <summary>What the systems warned of.</summary>
    public ConcurrentQueue<AioWarning> Warnings { get; } = new();

    /// <summary>The test's folder.</summary>
    public string Folder => _folder;

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
        return system;
    }

    /// <summary>Makes a file of so many blocks that has the pattern, and opens it.</summary>
    public IoFile CreateFile(int blocks, IoOpenOptions? options = null, ulong seed = 0) =>
        Own(IoFileSystem.OperatingSystem.Open(CreatePath(blocks, seed), options ?? new IoOpenOptions { Access = IoAccess.ReadWrite }));

    /// <summary>Makes a file of so many blocks that has the pattern.</summary>
    public string CreatePath(int blocks, ulong seed = 0)
    {
        string path = Path.Combine(_folder, $"file-{Interlocked.Increment(ref _fileCount)}");
        using FileStream stream = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] chunk = new byte[Math.Min(blocks, 128) * Pattern.BlockBytes];
        for (int block = 0; block < blocks; block += 128)
        {
            Span<byte> part = chunk.AsSpan(0, Math.Min(128, blocks - block) * Pattern.BlockBytes);
            Pattern.Fill(part, (long)block * Pattern.BlockBytes, seed);
            stream.Write(part);
        }

        return path;
    }

    /// <summary>Memory of whole blocks.</summary>
    public NativeBlock Allocate(int blocks) => Own(new NativeBlock(blocks * Pattern.BlockBytes));

    /// <summary>Looks at content, if the method moves any.</summary>
    public void CheckContent(ReadOnlySpan<byte> memory, long offsetBytes, ulong seed = 0)
    {
        if (Method.TransfersData) Pattern.Check(memory, offsetBytes, seed);
    }

    /// <summary>Runs code on a thread of its own.</summary>
    public static Task OnThread(Action body) => Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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
        for (int index = _owned.Count - 1; index >= 0; index--) _owned[index].Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
