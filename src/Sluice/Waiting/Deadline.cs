namespace Sluice;

/// <summary>A moment by the machine's steady clock until which a thread may block.</summary>
/// <param name="tick">The moment in <see cref="Environment.TickCount64"/>; -1 for never.</param>
internal readonly struct Deadline(long tick)
{
    internal static Deadline After(int timeoutMilliseconds) =>
        new(timeoutMilliseconds == Timeout.Infinite ? -1 : Environment.TickCount64 + timeoutMilliseconds);

    /// <summary>What is left; 0 when it is over, -1 for never.</summary>
    internal int RemainingMilliseconds => tick < 0 ? Timeout.Infinite : (int)Math.Clamp(tick - Environment.TickCount64, 0, int.MaxValue);
}
