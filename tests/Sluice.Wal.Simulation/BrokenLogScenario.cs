using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Sluice.Wal.Tests")]

namespace Sluice.Wal.Simulation;

/// <summary>The scenario with a log that makes a mistake: each must be caught.</summary>
internal sealed class BrokenLogScenario(LogMistakes mistake) : WalScenario
{
    protected override bool IsControl => true;

    protected override double UniformShare => mistake == LogMistakes.AcceptsStaleRecords ? 1 : base.UniformShare;

    // Old records come back most easily where many small writes are in flight and no block is given up.
    protected override WalOptions Adjust(WalOptions options) => mistake != LogMistakes.AcceptsStaleRecords
        ? options with { Mistakes = mistake }
        : options with
        {
            Mistakes = mistake,
            SealWaiters = int.MaxValue,
            BlockBytes = 512,
            EagerWriteBytes = 512,
            WritesInFlight = 8,
            Direct = false,
        };

    internal static ScenarioInfo Of(string name, LogMistakes mistake) =>
        new(name, "must be caught", () => new BrokenLogScenario(mistake)) { Operations = 120, Crashes = 4 };
}
