using System.Diagnostics;

namespace Sluice.Methods.Tests.Support;

/// <summary>Waits for what has to happen, and fails instead of hanging when it does not. No test depends on how long it took.</summary>
internal static class Watchdog
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal static void Until(Func<bool> condition, string rule)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) Assert.Fail($"Did not happen: {rule}");
            Thread.Sleep(1);
        }
    }

    internal static void Join(Thread thread, string rule)
    {
        if (!thread.Join(Patience)) Assert.Fail($"Did not happen: {rule}");
    }
}
