namespace Sluice.Wal;

/// <summary>How far a log could be read, and why no further.</summary>
/// <param name="Position">Behind the last whole record.</param>
/// <param name="Obstacle">Where the first thing stands that is not valid.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Explanation">The same as a line of text.</param>
public sealed record WalEnd(LogPosition Position, LogPosition Obstacle, WalEndReason Reason, string Explanation);
