namespace Sluice.Storage;

/// <summary>How the background writer works.</summary>
public sealed record BackgroundWriterOptions
{
    /// <summary>The time between rounds; 200 ms unless said otherwise, at least 1 ms.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How many pages a round writes at most; 100 unless said otherwise. 0: none, it only watches.</summary>
    public int PagesMax { get; init; } = 100;

    /// <summary>How many times the expected demand for buffers is made clean; 2 unless said otherwise.</summary>
    public double Multiplier { get; init; } = 2;

    /// <summary>How many rounds it leaves out when nothing is to do and nobody takes buffers; 50 unless said otherwise.</summary>
    public int HibernationRounds { get; init; } = 50;

    /// <summary>How many writes may be in flight; 16 unless said otherwise.</summary>
    public int WritesMax { get; init; } = 16;

    /// <summary>After how many written blocks the system is asked to write back; 64 unless said otherwise, 0 for never. Off for direct files.</summary>
    public int WriteBackBlocks { get; init; } = 64;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Delay, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfNegative(PagesMax);
        ArgumentOutOfRangeException.ThrowIfNegative(Multiplier);
        ArgumentOutOfRangeException.ThrowIfLessThan(HibernationRounds, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WritesMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(WriteBackBlocks);
    }
}
