namespace Sluice.Wal;

/// <summary>What was found when a log was opened.</summary>
/// <param name="From">Where reading began; none when the log was made.</param>
/// <param name="End">How far it could be read, and why no further; null when the log was made.</param>
/// <param name="Records">How many records were read.</param>
/// <param name="BytesRead">How many bytes were read.</param>
/// <param name="BytesWrittenAgain">How many bytes were written again because they may have stood in caches only.</param>
/// <param name="Incarnation">The number of this opening.</param>
/// <param name="Elapsed">How long reading and replay took.</param>
public sealed record WalRecovery(LogPosition From, WalEnd? End, long Records, long BytesRead, long BytesWrittenAgain, uint Incarnation, TimeSpan Elapsed);
