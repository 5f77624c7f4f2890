using System.Globalization;

namespace Sluice.Simulation;

/// <summary>Everything that decides a run. Two runs of the same parameters are the same to the last completion.</summary>
/// <param name="Scenario">The scenario's name.</param>
/// <param name="Seed">The seed.</param>
public sealed record SimulationParameters(string Scenario, ulong Seed)
{
    /// <summary>About how many operations each round of work makes.</summary>
    public int Operations { get; init; } = 50;

    /// <summary>How many crashes.</summary>
    public int Crashes { get; init; } = 3;

    /// <summary>Rules of the fault plan to leave out, by their numbers.</summary>
    public IReadOnlyList<int> Without { get; init; } = [];

    /// <summary>The assembly that <c>sluice simulate</c> has to be given to know the scenario; null when it knows it anyway.</summary>
    public string? AssemblyPath { get; init; }

    /// <summary>How long, in real time, the run may stand still with nothing left to happen before that is a failure.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The command that repeats the run.</summary>
    public string Command => "sluice simulate " + Scenario + " --seed " + Seed.ToString(CultureInfo.InvariantCulture) + Extra();

    /// <summary>The parameters as a line of a file of seeds: scenario, seed, operations, crashes, and the rules left out.</summary>
    public string ToLine()
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{Scenario} {Seed} {Operations} {Crashes}");
        return Without.Count == 0 ? line : $"{line} {string.Join(',', Without)}";
    }

    /// <summary>Reads a line that <see cref="ToLine"/> wrote.</summary>
    /// <param name="line">The line.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static SimulationParameters Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is < 2 or > 5)
        {
            throw new FormatException(
                $"'{line}' is no line of seeds: write scenario, seed, and if wanted operations, crashes and left-out rules.");
        }

        if (!ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
        {
            throw new FormatException($"'{line}' has '{parts[1]}' for a seed: write a number.");
        }

        SimulationParameters parameters = new(parts[0], seed);
        if (parts.Length > 2) parameters = parameters with { Operations = int.Parse(parts[2], CultureInfo.InvariantCulture) };
        if (parts.Length > 3) parameters = parameters with { Crashes = int.Parse(parts[3], CultureInfo.InvariantCulture) };
        if (parts.Length > 4)
        {
            int[] without = [.. parts[4].Split(',').Select(static part => int.Parse(part, CultureInfo.InvariantCulture))];
            parameters = parameters with { Without = without };
        }

        return parameters;
    }

    private string Extra()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $" --operations {Operations} --crashes {Crashes}");
        if (Without.Count != 0) text += $" --without {string.Join(',', Without)}";
        return AssemblyPath is null ? text : $"{text} --assembly {AssemblyPath}";
    }
}
