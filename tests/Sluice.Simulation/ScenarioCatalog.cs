using Sluice.Simulation.Scenarios;

namespace Sluice.Simulation;

/// <summary>The scenarios that come with Sluice.</summary>
public static class ScenarioCatalog
{
    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ScenarioInfo> All { get; } =
    [
        new("append-log", "An append log with acknowledged flushes: nothing acknowledged is lost, nothing torn is accepted", static () => new AppendLogScenario()),
        new("atomic-file", "A file replaced by renaming: old or new content, never half, never none", static () => new AtomicFileScenario()),
        new("mirror", "Two copies on a disk that lies: every block reads back", static () => new MirrorScenario()) { Operations = 200, Crashes = 0 },
        new("poisoned-file", "Flushes that fail: the file is poisoned, and nobody retries into a lie", static () => new PoisonedFileScenario()),
        new("runtime-storm", "The runtime under faults: every handle returns, every return is filled once", static () => new RuntimeStormScenario()) { Operations = 150 },
    ];

    /// <summary>Finds a scenario among several.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="scenarios">Where to look; null for those of Sluice.</param>
    /// <exception cref="KeyNotFoundException">There is none; the line lists those there are.</exception>
    public static ScenarioInfo Get(string name, IReadOnlyList<ScenarioInfo>? scenarios = null)
    {
        scenarios ??= All;
        return scenarios.FirstOrDefault(scenario => scenario.Name == name)
            ?? throw new KeyNotFoundException($"There is no scenario '{name}'; there are: {string.Join(", ", scenarios.Select(static scenario => scenario.Name))}.");
    }
}
