using System.Diagnostics;

namespace Sluice.Conformance.Support;

/// <summary>Fails instead of hanging. No test depends on how long anything took.</summary>
public static class Watchdog
{
    /// <summary>How long something may take that takes milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until something holds.</summary>
    public static void Until(Func<bool> condition, string rule)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) Assert.Fail($"Did not happen: {rule}.");
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits for an event.</summary>
    public static void Wait(ManualResetEventSlim signal, string rule)
    {
        if (!signal.Wait(Patience)) Assert.Fail($"Did not happen: {rule}.");
    }

    /// <summary>Waits for a task and throws what it threw.</summary>
    public static void Wait(Task task, string rule)
    {
        if (Task.WaitAny([task], Patience) < 0) Assert.Fail($"Did not happen: {rule}.");
        task.GetAwaiter().GetResult();
    }
}
