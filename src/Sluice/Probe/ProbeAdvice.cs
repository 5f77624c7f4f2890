using System.Globalization;
using Sluice.Methods;

namespace Sluice;

/// <summary>Makes a suggestion of what was measured.</summary>
internal static class ProbeAdvice
{
    private const string Ring = "io_uring";
    private const string Threads = "worker";

    // The depth from which on more gains little; beyond it latency grows for nothing.
    private const double EnoughOfBest = 0.9;

    // Below this gain over one at a time, depth is noise.
    private const double GainLeast = 1.25;

    // More threads than this per core cost more in switching than they keep in flight; measured on two cores by others.
    private const int WorkersPerCoreMax = 4;

    internal static DurabilitySuggestion Make(AioSystem system, IReadOnlyList<DurabilityReadRow> reads, bool readsAreDirect)
    {
        string? ringObstacle = FindRingObstacle(system);
        string method = ringObstacle is null ? Ring : Threads;
        string methodReason = ringObstacle is null ? $"{Ring} works here" : $"{Ring} does not work here ({ringObstacle})";
        int workersMax = WorkersPerCoreMax * Environment.ProcessorCount;
        const int Guess = 32;
        if (reads.Count == 0)
        {
            return new DurabilitySuggestion(
                method, Guess, Math.Min(Guess, workersMax), $"{methodReason}; reads were not measured, so the depth is a guess.");
        }


        if (system.MethodCapabilities.IsSynchronous)
        {
            string unknown = $"{methodReason}; {system.MethodName} does one I/O at a time, so the depth is a guess: measure with {method}.";
            return new DurabilitySuggestion(method, Guess, Math.Min(Guess, workersMax), unknown);
        }

        DurabilityReadRow least = reads.MinBy(static row => row.Depth)!;
        DurabilityReadRow best = reads.MaxBy(static row => row.ReadsPerSecond)!;
        double gain = best.ReadsPerSecond / Math.Max(least.ReadsPerSecond, 1e-9);
        string mode = readsAreDirect ? "direct" : "buffered (direct I/O is not possible here)";
        if (gain < GainLeast)
        {
            string flat = string.Create(
                CultureInfo.InvariantCulture,
                $"{methodReason}; {mode} reads in flight together gain nothing here ({best.ReadsPerSecond:N0}/s at best, "
                    + $"{least.ReadsPerSecond:N0}/s at depth {least.Depth}).");
            return new DurabilitySuggestion(method, least.Depth, Math.Clamp(least.Depth, 2, workersMax), flat);
        }

        DurabilityReadRow enough = reads.Where(
            row => row.ReadsPerSecond >= EnoughOfBest * best.ReadsPerSecond).MinBy(static row => row.Depth)!;
        string more = enough == best
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", and more gain little ({best.ReadsPerSecond:N0}/s at best)");
        double times = enough.ReadsPerSecond / Math.Max(least.ReadsPerSecond, 1e-9);
        string reason = string.Create(
            CultureInfo.InvariantCulture,
            $"{methodReason}; {enough.Depth} {mode} reads in flight do {enough.ReadsPerSecond:N0}/s, {times:0.0} times depth "
                + $"{least.Depth}{more}.");
        return new DurabilitySuggestion(method, enough.Depth, Math.Clamp(enough.Depth, 2, workersMax), reason);
    }

    private static string? FindRingObstacle(AioSystem system)
    {
        if (system.MethodName == Ring) return null;
        try
        {
            IoMethodAvailability availability = system.Catalog.Get(Ring).Probe(system.SettingsFor(Ring));
            return availability.Reason;
        }
        catch (IoMethodException)
        {
            return "there is no such plugin";
        }
    }
}
