using System.Collections.Concurrent;

namespace Sluice.Conformance.Layer;

/// <summary>Writes down which phase ran in which order, under the key the handle's first data word gives.</summary>
[AioCallback("trace")]
public static partial class TraceCallback
{
    private static readonly ConcurrentDictionary<ulong, ConcurrentQueue<string>> s_traces = new();
    private static long s_last;

    public static (ulong Key, ConcurrentQueue<string> Trace) Create()
    {
        ulong key = (ulong)Interlocked.Increment(ref s_last);
        return (key, s_traces[key] = new ConcurrentQueue<string>());
    }

    private static void Stage(AioHandle handle, byte data) => Add(handle, "stage", data);

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        Add(handle, "shared", data);
        return prior;
    }

    private static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)
    {
        Add(handle, "local", data);
        return prior;
    }

    private static void Add(AioHandle handle, string phase, byte data) => s_traces[handle.Data[0]].Enqueue($"{phase} {data}");
}
