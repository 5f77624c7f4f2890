namespace Sluice.Simulation;

/// <summary>How a run went.</summary>
/// <param name="Parameters">What was run.</param>
/// <param name="Failure">What did not hold; null when all did.</param>
/// <param name="Exception">The exception behind the failure, with its stack; null when all went well.</param>
/// <param name="TraceHash">The hash of everything that happened.</param>
/// <param name="Operations">How many operations the disk did.</param>
/// <param name="Crashes">How many crashes there were.</param>
/// <param name="Faults">How many faults were made, by kind.</param>
/// <param name="Trace">What happened; its records only when asked for.</param>
public sealed record SimulationResult(
    SimulationParameters Parameters,
    string? Failure,
    Exception? Exception,
    ulong TraceHash,
    long Operations,
    int Crashes,
    IReadOnlyDictionary<FaultKind, long> Faults,
    SimulatedTrace Trace)
{
    /// <summary>Whether something did not hold.</summary>
    public bool IsFailure => Failure is not null;

    /// <summary>The failure with the command that repeats it; empty when there is none.</summary>
    public string Report =>
        IsFailure ? $"{Parameters.Scenario}, seed {Parameters.Seed}: {Failure}{Environment.NewLine}repeat: {Parameters.Command}" : "";
}
