namespace Sluice.Wal.Simulation;

/// <summary>The ledger with a log that makes a mistake about pages: each must be caught.</summary>
internal sealed class BrokenLedgerScenario(LogMistakes mistake) : LedgerScenario
{
    protected override WalOptions Adjust(SimulationRun run, WalOptions options) => base.Adjust(run, options) with { Mistakes = mistake };

    internal static ScenarioInfo Of(string name, LogMistakes mistake) =>
        new(name, "must be caught", () => new BrokenLedgerScenario(mistake)) { Operations = 150, Crashes = 4 };
}
