namespace Sluice.Simulation;

/// <summary>Makes a failing run smaller: fewer faults, fewer crashes, fewer operations; whatever still fails is kept.</summary>
public static class Shrinker
{
    /// <summary>Shrinks.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="failing">A run that failed.</param>
    /// <param name="runsMaximum">How many runs may be tried.</param>
    /// <returns>The smallest failing run that was found; perhaps the one given.</returns>
    public static SimulationResult Shrink(ScenarioInfo scenario, SimulationResult failing, int runsMaximum = 200)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(failing);
        SimulationResult best = failing;
        int runs = 0;
        bool improved = true;
        while (improved && runs < runsMaximum)
        {
            improved = false;
            foreach (SimulationParameters candidate in Candidates(scenario, best.Parameters))
            {
                if (runs++ >= runsMaximum) break;
                SimulationResult result = Simulator.Run(scenario, candidate);
                if (!result.IsFailure) continue;
                best = result;
                improved = true;
                break;
            }
        }

        return best;
    }

    private static IEnumerable<SimulationParameters> Candidates(ScenarioInfo scenario, SimulationParameters failing)
    {
        FaultPlan plan = scenario.Create().PlanFaults(new SimulatedRandom(failing.Seed, Simulator.FaultPlanStream));
        int[] rules = [.. plan.Rules.Select(static rule => rule.Stream).Where(stream => !failing.Without.Contains(stream))];
        if (rules.Length > 1) yield return failing with { Without = [.. failing.Without.Concat(rules).Order()] };
        foreach (int rule in rules) yield return failing with { Without = [.. failing.Without.Append(rule).Order()] };
        if (failing.Crashes > 0) yield return failing with { Crashes = 0 };
        if (failing.Crashes > 1) yield return failing with { Crashes = failing.Crashes / 2 };
        if (failing.Crashes > 1) yield return failing with { Crashes = failing.Crashes - 1 };
        foreach (int divisor in (int[])[8, 4, 2])
        {
            if (failing.Operations / divisor >= 1) yield return failing with { Operations = failing.Operations / divisor };
        }

        if (failing.Operations > 1) yield return failing with { Operations = failing.Operations * 3 / 4 };
        if (failing.Operations > 1) yield return failing with { Operations = failing.Operations - 1 };
    }
}
