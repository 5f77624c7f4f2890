namespace Sluice.Simulation;

/// <summary>A scenario that can be run by name.</summary>
/// <param name="Name">Its name: lower case and hyphens.</param>
/// <param name="Description">What it promises, in one line.</param>
/// <param name="Create">Makes the object for one run.</param>
public sealed record ScenarioInfo(string Name, string Description, Func<Scenario> Create)
{
    /// <summary>About how many operations each round makes unless said otherwise.</summary>
    public int Operations { get; init; } = 50;

    /// <summary>How many crashes unless said otherwise.</summary>
    public int Crashes { get; init; } = 3;

    /// <summary>The assembly that <c>sluice simulate</c> has to be given to know the scenario; null when it knows it anyway.</summary>
    public string? AssemblyPath { get; init; }

    /// <summary>The parameters of a run with the usual sizes.</summary>
    /// <param name="seed">The seed.</param>
    public SimulationParameters ParametersFor(ulong seed) =>
        new(Name, seed) { Operations = Operations, Crashes = Crashes, AssemblyPath = AssemblyPath };
}
