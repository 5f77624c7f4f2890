using System.Diagnostics;

namespace Ledger;

/// <summary>Says how far recovery has come in the log, once a second: nothing when it is quick.</summary>
internal sealed class RecoveryProgress : IProgress<LogPosition>
{
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(1);
    private long _told = Stopwatch.GetTimestamp();

    public void Report(LogPosition value)
    {
        if (Stopwatch.GetElapsedTime(_told) < s_between) return;
        _told = Stopwatch.GetTimestamp();
        Console.WriteLine($"recovering: {value} of the log is replayed");
    }
}
