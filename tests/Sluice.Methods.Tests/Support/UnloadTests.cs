using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Sluice.Methods.Sync;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Support;

/// <summary>A method that was used and disposed leaves nothing (thread, timer, static) that keeps its code loaded.</summary>
public class UnloadTests
{
    [Theory]
    [InlineData(typeof(SyncMethodFactory))]
    [InlineData(typeof(WorkerMethodFactory))]
    public void ADisposedMethodCanBeUnloaded(Type factory)
    {
        WeakReference context = LoadAndUse(factory.Assembly.Location, factory.FullName!);

        Watchdog.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !context.IsAlive;
            },
            "the load context is collected");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference LoadAndUse(string path, string factoryName)
    {
        // Everything but the plugin itself comes from the host, as in the real one.
        AssemblyLoadContext loadContext = new("unload-test", isCollectible: true);
        Assembly assembly = loadContext.LoadFromAssemblyPath(path);
        IIoMethodFactory factory = (IIoMethodFactory)Activator.CreateInstance(assembly.GetType(factoryName, throwOnError: true)!)!;
        using (ScriptedFile file = new())
        using (TestRequests requests = new(32))
        using (IoMethod method = factory.Create(MethodSettings.With()))
        {
            RecordingSink sink = new(32);
            using IoMethodContext context = MethodSettings.Context(method, sink);
            for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Write);
            if (!context.NeedsSynchronousExecution(requests[0]))
            {
                context.Submit(requests.All, waitFollows: false);
                sink.WaitForTotal(32);
            }
        }

        loadContext.Unload();
        return new WeakReference(loadContext);
    }
}
