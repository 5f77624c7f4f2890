namespace Sluice.Methods.Simulated;

/// <summary>When a disk shall crash by itself. Whatever of the conditions comes first.</summary>
/// <param name="Kind">How.</param>
public sealed record CrashPlan(CrashKind Kind)
{
    /// <summary>
    /// At which operation from now on, counted from 1: it is in flight when the crash comes, and done, partly done or not. Null for no such
    /// moment.
    /// </summary>
    public long? AtOperation { get; init; }

    /// <summary>How much later in virtual time. Null for no such moment.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>
    /// Asked before each operation takes effect, with what is known of it (the result is 0): true crashes the disk. Runs while the
    /// disk is locked: must not use it. Null for no such moment.
    /// </summary>
    public Func<TraceRecord, bool>? When { get; init; }
}
