namespace Sluice.Storage;

/// <summary>What came of an attempt to start a write.</summary>
/// <param name="Count">How many of the pages offered are being written, from the first on.</param>
/// <param name="Refusal">Why the one after them was not taken.</param>
/// <param name="FlushUpTo">With <see cref="WriteRefusal.LogFirst"/>: up to where the log has to be flushed.</param>
/// <param name="InProgress">With <see cref="WriteRefusal.InProgress"/>: what to wait for; invalid when that is not known yet.</param>
public readonly record struct WriteStart(int Count, WriteRefusal Refusal, LogPosition FlushUpTo = default, WaitReference InProgress = default);
