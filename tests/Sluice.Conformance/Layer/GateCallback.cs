using System.Collections.Concurrent;

namespace Sluice.Conformance.Layer;

/// <summary>
/// Stalls a completion between the raw result and the shared one, on whatever thread reaps it, until the test lets it go on.
/// </summary>
[AioCallback("gate")]
public static partial class GateCallback
{
    private static readonly ConcurrentDictionary<byte, Gate> s_gates = new();
    private static int s_last;

    /// <summary>Makes a gate; register the callback with its <see cref="Gate.Number"/>.</summary>
    public static Gate Create()
    {
        Gate gate = new((byte)Interlocked.Increment(ref s_last));
        s_gates[gate.Number] = gate;
        return gate;
    }

    // A completion must not block. This one does, because that is what the tests are about.
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        s_gates[data].Pass();
        return prior;
    }
}
