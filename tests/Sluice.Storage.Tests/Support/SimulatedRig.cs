using System.Runtime.ExceptionServices;
using Sluice.Methods.Simulated;
using Sluice.Plugins;

namespace Sluice.Storage.Tests.Support;

/// <summary>Storage on a simulated disk, in loops: what a loss of power leaves is what the next loop finds.</summary>
internal static class SimulatedRig
{
    /// <summary>Runs code on a loop of a new system. What a crash of the disk does to it is swallowed.</summary>
    internal static void Loop(SimulatedDisk disk, Func<AioSystem, Task> work)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            int crashes = disk.CrashCount;
            try
            {
                IoMethodCatalog catalog = new();
                catalog.Add("simulated", new SimulatedMethodFactory(disk));
                using AioSystem system = AioSystem.Start(new AioSystemOptions
                {
                    Method = "simulated",
                    Catalog = catalog,
                    TimeProvider = disk.Time,
                    SharedContexts = 1,
                    ContextsMax = 4,
                    HandlesPerContext = 32,
                });
                system.RunLoop(() => work(system));
            }
            catch (Exception exception) when (disk.CrashCount != crashes && exception is AioException or StorageException)
            {
                // The process died in the midst of it, as the test wanted.
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(StorageRig.Watchdog), "The loop hangs.");
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }
}
