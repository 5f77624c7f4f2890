namespace Sluice.Simulation;

/// <summary>Many seeds of one scenario, one run per core at a time.</summary>
public static class SeedSweep
{
    /// <summary>Runs seeds.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="firstSeed">The first seed; the others follow it.</param>
    /// <param name="count">How many.</param>
    /// <param name="size">Changes the parameters of each run; null for the scenario's usual ones.</param>
    /// <param name="progress">Gets the number of finished runs; on any thread.</param>
    /// <param name="failuresMaximum">Stops early after so many failures.</param>
    /// <param name="cancellationToken">Stops the sweep; what is running ends first.</param>
    /// <returns>What all runs did together, and those that failed in the order of their seeds.</returns>
    public static SweepResult Run(
        ScenarioInfo scenario,
        ulong firstSeed,
        int count,
        Func<SimulationParameters, SimulationParameters>? size = null,
        Action<int>? progress = null,
        int failuresMaximum = 1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        Tally tally = new();
        int next = -1;
        Thread[] threads = new Thread[Math.Min(Environment.ProcessorCount, Math.Max(count, 1))];
        for (int index = 0; index < threads.Length; index++)
        {
            threads[index] = new Thread(() =>
            {
                while (!cancellationToken.IsCancellationRequested && tally.FailureCount < failuresMaximum
                    && Interlocked.Increment(ref next) is var number && number < count)
                {
                    SimulationParameters parameters = scenario.ParametersFor(firstSeed + (ulong)number);
                    if (size is not null) parameters = size(parameters);
                    int done = tally.Add(Simulator.Run(scenario, parameters));
                    progress?.Invoke(done);
                }
            })
            { IsBackground = true, Name = $"simulation-{index}" };
            threads[index].Start();
        }

        foreach (Thread thread in threads) thread.Join();
        return tally.ToResult();
    }

    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private readonly List<SimulationResult> _failures = [];
        private readonly HashSet<ulong> _hashes = [];
        private readonly SortedDictionary<FaultKind, long> _faults = [];
        private int _runs;
        private long _operations;
        private long _crashes;

        internal int FailureCount => Volatile.Read(ref _failureCount);

        private int _failureCount;

        internal int Add(SimulationResult result)
        {
            lock (_lock)
            {
                _runs++;
                _operations += result.Operations;
                _crashes += result.Crashes;
                _hashes.Add(result.TraceHash);
                foreach ((FaultKind kind, long count) in result.Faults) _faults[kind] = _faults.GetValueOrDefault(kind) + count;
                if (result.IsFailure) _failures.Add(result);
                Volatile.Write(ref _failureCount, _failures.Count);
                return _runs;
            }
        }

        internal SweepResult ToResult() =>
            new(_runs, _operations, _crashes, _hashes.Count, _faults, [.. _failures.OrderBy(static failure => failure.Parameters.Seed)]);
    }
}
