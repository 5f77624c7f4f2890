namespace Sluice.Methods.Simulated;

/// <summary>How the time that a fault adds is distributed between its least and its most.</summary>
public enum LatencyDistribution
{
    /// <summary>Evenly.</summary>
    Uniform,

    /// <summary>Each octave is as likely as the next: most add little, a few add nearly all. As drives and networks do.</summary>
    LongTail,
}
