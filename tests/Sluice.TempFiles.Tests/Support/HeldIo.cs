using Sluice.TestPlugins.Injecting;

namespace Sluice.TempFiles.Tests.Support;

/// <summary>An I/O that was started and whose end is held back.</summary>
/// <param name="OffsetBytes">Where in its physical file.</param>
/// <param name="LengthBytes">How long.</param>
internal readonly record struct HeldRequest(long OffsetBytes, long LengthBytes);

/// <summary>Shows what is in flight when a flow cannot go on: the end of every I/O is held back until then.</summary>
internal static class HeldIo
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Does work on this thread; when it first has to wait, gives what is in flight, and lets all of it go on.</summary>
    /// <param name="run">A run that was started injected.</param>
    /// <param name="operation">Which I/O is held back.</param>
    /// <param name="stalls">How often the work has had to wait, counted before it waits; read by another thread.</param>
    /// <param name="atLeast">How many I/Os must be in flight then.</param>
    /// <param name="work">The work.</param>
    internal static List<HeldRequest> WhenItWaits(TestRun run, IoOperation operation, Func<long> stalls, int atLeast, Action work)
    {
        List<HeldRequest> started = [];
        List<HeldRequest> found = [];
        bool hasWaited = false;
        bool areHeld = false;
        using Injection held = run.Control.Stall(request => request.Operation == operation);
        run.Control.Submitting = request =>
        {
            if (request.Operation != operation) return;
            lock (started) started.Add(new HeldRequest(request.OffsetBytes, request.LengthBytes));
        };
        Thread releaser = new(() =>
        {
            hasWaited = SpinWait.SpinUntil(() => stalls() > 0, s_patience);
            areHeld = hasWaited && held.WaitUntilStalled(atLeast, s_patience);
            lock (started) found.AddRange(started);
            held.Release();
        });
        releaser.Start();
        try
        {
            work();
        }
        finally
        {
            releaser.Join();
            run.Control.Submitting = null;
        }

        Assert.True(hasWaited, "It never had to wait.");
        Assert.True(areHeld, $"{found.Count} I/Os were in flight when it had to wait: {atLeast} were expected.");
        return found;
    }

    /// <summary>As often as is asked for, whoever reads has to wait: the end of every read is held back until then.</summary>
    /// <param name="run">A run that was started injected.</param>
    /// <param name="times">How often.</param>
    /// <param name="stalls">How often the work has had to wait, counted before it waits; read by another thread.</param>
    /// <param name="work">The work.</param>
    internal static void MakeReadsWait(TestRun run, int times, Func<long> stalls, Action work)
    {
        long before = stalls();
        Injection held = HoldReads();
        Thread releaser = new(() =>
        {
            for (int time = 1; time <= times; time++)
            {
                long target = before + time;
                SpinWait.SpinUntil(() => stalls() >= target, s_patience);
                Injection last = held;
                if (time < times) held = HoldReads();
                last.Release();
            }
        });
        releaser.Start();
        work();
        releaser.Join();

        Injection HoldReads() => run.Control.Stall(static request => request.Operation == IoOperation.Read);
    }
}
