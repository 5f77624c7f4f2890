namespace Sluice.TempFiles;

/// <summary>How far a sort is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Records">How many records went through this phase; one that goes through several merges counts in each.</param>
/// <param name="TotalRecords">
/// How many there are to go through it, or more when equal ones are dropped on the way; while the sort is built, how many were added so
/// far.
/// </param>
/// <param name="SpilledBytes">How much was written to runs.</param>
public readonly record struct SortProgress(SortPhase Phase, long Records, long TotalRecords, long SpilledBytes);
