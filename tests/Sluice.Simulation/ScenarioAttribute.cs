namespace Sluice.Simulation;

/// <summary>
/// Gives a <see cref="Scenario"/> a name, so that <see cref="ScenarioCatalog"/> and <c>sluice simulate</c> find it in its assembly. The
/// class
/// may be internal; it needs a constructor without parameters. A derived class is another scenario and needs an attribute of its own.
/// </summary>
/// <param name="name">Lower case letters, digits and hyphens.</param>
/// <param name="description">What the scenario promises, in one line.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ScenarioAttribute(string name, string description) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What it promises.</summary>
    public string Description { get; } = description;

    /// <summary>About how many operations each round makes unless said otherwise.</summary>
    public int Operations { get; init; } = 50;

    /// <summary>How many crashes unless said otherwise.</summary>
    public int Crashes { get; init; } = 3;
}
