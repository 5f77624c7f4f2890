namespace Sluice.Simulation;

/// <summary>What many runs did together.</summary>
/// <param name="Runs">How many runs.</param>
/// <param name="Operations">Operations of all disks.</param>
/// <param name="Crashes">Crashes of all disks.</param>
/// <param name="DistinctTraces">How many different traces.</param>
/// <param name="Faults">Faults of all runs by kind.</param>
/// <param name="Failures">The runs that failed, by seed.</param>
public sealed record SweepResult(
    int Runs,
    long Operations,
    long Crashes,
    int DistinctTraces,
    IReadOnlyDictionary<FaultKind, long> Faults,
    IReadOnlyList<SimulationResult> Failures);
