namespace Sluice.Wal;

/// <summary>What became of a record that depends on a guard.</summary>
/// <param name="IsAdded">False when the guard had moved: filling stands there instead.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct GuardedAppend(bool IsAdded, LogPosition Start, LogPosition End);
