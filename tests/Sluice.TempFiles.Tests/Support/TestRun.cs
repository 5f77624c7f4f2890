using Sluice.Methods.Simulated;
using Sluice.TestPlugins.Injecting;

// Several of the tests want the processors for themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sluice.TempFiles.Tests.Support;

/// <summary>A system with a folder of its own for temporary files; disposing checks that nothing is left.</summary>
internal sealed class TestRun : IDisposable
{
    internal static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(180);
    private readonly string? _folder;
    private readonly List<Injection> _disturbances = [];

    private TestRun(AioSystem system, string folder, bool isOnOsFiles, InjectionControl control)
    {
        System = system;
        Folder = folder;
        _folder = isOnOsFiles ? folder : null;
        Control = control;
    }

    /// <summary>The methods that really do I/O, and the simulated disk.</summary>
    public static TheoryData<string> Methods => ["sync", "worker", "io_uring", "simulated"];

    internal AioSystem System { get; }

    internal string Folder { get; }

    /// <summary>What goes wrong, for a run that was started injected.</summary>
    internal InjectionControl Control { get; }

    internal static TestRun Start(string method, bool injected = false, Action<AioSystemOptions>? configure = null, ulong seed = 1)
    {
        bool isSimulated = method == "simulated";
        string folder = isSimulated ? "/tmp" : Directory.CreateTempSubdirectory("sluice-temp-tests-").FullName;
        InjectionControl control = new();
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        AioSystemOptions options = new()
        {
            Method = method,
            Catalog = catalog,
            HandlesPerContext = 32,
            SharedContexts = 1,
            ContextsMax = 64
        };
        SimulatedDisk? disk = null;
        if (isSimulated)
        {
            disk = new SimulatedDisk(new SimulatedDiskOptions
            {
                Seed = seed,
                CreatesFolders = true,
                StallTimeout = TimeSpan.FromSeconds(60)
            });
            options.TimeProvider = disk.Time;
            catalog.Add("simulated", new SimulatedMethodFactory(disk));
        }

        if (injected)
        {
            catalog.Add("injecting", new InjectingMethodFactory(new PluginFactory(catalog, method), control));
            options.Method = "injecting";
        }

        configure?.Invoke(options);
        AioSystem system = AioSystem.Start(options);
        if (isSimulated) system.FileSystem.CreateDirectory(folder);
        return new TestRun(system, folder, !isSimulated, control);
    }

    /// <summary>A run whose transfers come short, late and in another order than they were started.</summary>
    /// <param name="method">The io_method.</param>
    /// <param name="seed">Of the choice which of them.</param>
    /// <param name="delayed">How many are late, of one.</param>
    /// <param name="shortened">How many come short, of one.</param>
    /// <param name="replace">What is left of a result; null for a little more than the half. On any thread, one at a time.</param>
    internal static TestRun StartDisturbed(
        string method, int seed, double delayed = 0.2, double shortened = 0.2, Func<Random, int, int>? replace = null)
    {
        TestRun run = Start(method, injected: true);
        Random random = new(seed);
        replace ??= static (_, result) => result <= 1 ? result : (result / 2) + 1;
        run.Control.Reorders = true;
        run._disturbances.Add(run.Control.Delay(_ => Chance(delayed)));
        run._disturbances.Add(run.Control.Replace(Shorten, _ => Chance(shortened)));
        return run;

        bool Chance(double chance)
        {
            lock (random) return random.NextDouble() < chance;
        }

        int Shorten(int result)
        {
            lock (random) return replace(random, result);
        }
    }

    internal TempSpace OpenSpace(TempSpaceOptions? options = null) =>
        TempSpace.Open(System, (options ?? new TempSpaceOptions()) with
        {
            Directories = options is { Directories.Count: > 0 }
            ? options.Directories : [Folder]
        });

    /// <summary>Nothing is in flight and no file is left in the folder.</summary>
    internal void ExpectNothingLeft() => ExpectNothingButFolders(sessions: false);

    /// <summary>Nothing is in flight, and a space that is still open has neither files nor bytes.</summary>
    /// <param name="space">The space.</param>
    internal void ExpectNothingInUse(TempSpace space)
    {
        Assert.Equal(0, space.FileCount);
        Assert.Equal(0, space.UsedBytes);
        ExpectNothingButFolders(sessions: space.Options.Naming == TempNaming.Named);
    }

    // A space with names has a folder and a lock file as long as it is open: the folder is empty.
    private void ExpectNothingButFolders(bool sessions)
    {
        Assert.Equal(0, System.ReadStatistics().HandlesInFlight);
        List<IoFileEntry> entries = [.. System.FileSystem.List(Folder)];
        if (!sessions)
        {
            Assert.Empty(entries);
        }
        else
        {
            Assert.Equal(2, entries.Count);
            IoFileEntry session = Assert.Single(entries, static entry => entry.IsDirectory);
            Assert.Empty(System.FileSystem.List(Path.Combine(Folder, session.Name)));
        }

        if (!OperatingSystem.IsLinux() || _folder is null) return;
        Assert.DoesNotContain(OpenFiles(), path =>
            path.StartsWith(_folder, StringComparison.Ordinal) && !(sessions && path.EndsWith(".lock", StringComparison.Ordinal)));
    }

    public void Dispose()
    {
        foreach (Injection disturbance in _disturbances) disturbance.Dispose();
        System.Dispose();
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Runs code on a thread of its own and fails when it does not end.</summary>
    internal static void WithinWatchdog(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(Watchdog), "It hangs.");
        if (failure is not null) global::System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private static IEnumerable<string> OpenFiles()
    {
        foreach (string descriptor in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            string? target;
            try
            {
                target = new FileInfo(descriptor).LinkTarget;
            }
            catch (IOException)
            {
                continue;
            }

            if (target is not null) yield return target;
        }
    }

    private sealed class PluginFactory(IoMethodCatalog catalog, string name) : IIoMethodFactory
    {
        public IoMethodAvailability Probe(IoMethodSettings settings) => catalog.Get(name).Probe(settings);

        public IoMethod Create(IoMethodSettings settings) => catalog.Get(name).Activate(settings);
    }
}
