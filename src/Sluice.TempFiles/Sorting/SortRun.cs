namespace Sluice.TempFiles;

/// <summary>A sorted run on a tape.</summary>
/// <param name="Sequence">Where its records came in the input, relative to other runs.</param>
/// <param name="Tape">The tape.</param>
/// <param name="Records">How many records it has.</param>
internal sealed record SortRun(long Sequence, LogicalTape Tape, long Records);
