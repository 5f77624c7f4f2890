using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Sluice.Wal.Tests")]

namespace Sluice.Wal.Simulation;

/// <summary>The scenario with a log that makes a mistake: each must be caught.</summary>
internal sealed class BrokenLogScenario(LogMistakes mistake) : WalScenario
{
    protected override bool IsControl => true;

    protected override WalOptions Adjust(WalOptions options) => options with { Mistakes = mistake };

    internal static ScenarioInfo Of(string name, LogMistakes mistake) =>
        new(name, "must be caught", () => new BrokenLogScenario(mistake)) { Operations = 120, Crashes = 4 };
}
