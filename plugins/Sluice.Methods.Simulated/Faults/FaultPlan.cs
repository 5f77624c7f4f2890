namespace Sluice.Methods.Simulated;

/// <summary>All the ways in which a disk misbehaves, as data.</summary>
public sealed record FaultPlan
{
    /// <summary>A disk that does what it is told, at its usual speed.</summary>
    public static FaultPlan None { get; } = new();

    /// <summary>The rules; each operation meets them in order.</summary>
    public IReadOnlyList<FaultRule> Rules { get; private init; } = [];

    /// <summary>How much may be damaged.</summary>
    public FaultBudget Budget { get; init; } = new();

    /// <summary>The plan with one more rule, which gets random numbers of its own.</summary>
    /// <param name="rule">The rule.</param>
    public FaultPlan With(FaultRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        int stream = 1;
        foreach (FaultRule other in Rules) stream = Math.Max(stream, other.Stream + 1);
        return this with { Rules = [.. Rules, rule.Stream == 0 ? rule with { Stream = stream } : rule] };
    }

    /// <summary>The plan with one more rule.</summary>
    /// <param name="kind">What goes wrong.</param>
    /// <param name="rate">How often, from 0 to 1.</param>
    public FaultPlan With(FaultKind kind, double rate) => With(new FaultRule(kind, rate));

    /// <summary>The plan without some of its rules; the others behave as they did.</summary>
    /// <param name="streams">The numbers of the rules to leave out.</param>
    public FaultPlan Without(IReadOnlyCollection<int> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        return streams.Count == 0 ? this : this with { Rules = [.. Rules.Where(rule => !streams.Contains(rule.Stream))] };
    }
}
