using Sluice.Plugins;

// The stress tests want the processors for themselves: beside each other they starve the thread pool that others' continuations need.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sluice.Tests;

/// <summary>Systems for tests: small, and each with a catalog of its own.</summary>
internal static class TestSystem
{
    /// <summary>Long enough for anything that does not hang, also on a machine that does ten other things.</summary>
    internal static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(180);

    /// <summary>The methods that really do I/O.</summary>
    public static TheoryData<string> RealMethods => ["sync", "worker", "io_uring"];

    /// <summary>All methods beside the tests.</summary>
    public static TheoryData<string> AllMethods => ["null", "sync", "worker", "io_uring"];

    internal static AioSystem Start(
        string method, int handles = 32, int vectors = 16, int shared = 2, Action<AioSystemOptions>? configure = null)
    {
        AioSystemOptions options = new()
        {
            Method = method,
            HandlesPerContext = handles,
            VectorsPerHandle = vectors,
            SharedContexts = shared,
        };
        configure?.Invoke(options);
        return AioSystem.Start(options);
    }

    /// <summary>A system whose method is the given object, linked into the process.</summary>
    internal static AioSystem Start(LinkedMethod method, int handles = 32, int vectors = 16, int shared = 2)
    {
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        _ = catalog.Add("linked", method);
        return Start("linked", handles, vectors, shared, options => options.Catalog = catalog);
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
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }
}
