namespace Sluice.Storage;

/// <summary>What one round of the background writer did.</summary>
/// <param name="Looked">Buffers it looked at.</param>
/// <param name="Written">Pages it wrote.</param>
/// <param name="Writes">In how many writes.</param>
/// <param name="ReachedLimit">Whether it stopped because a round writes no more.</param>
/// <param name="MayHibernate">Whether nothing is to do until somebody takes a buffer.</param>
public readonly record struct BackgroundWriterRound(int Looked, int Written, int Writes, bool ReachedLimit, bool MayHibernate);
