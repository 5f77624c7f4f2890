namespace Sluice.Simulation;

/// <summary>What the code under test promised does not hold. Never taken for a consequence of a crash.</summary>
public sealed class SimulationException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What does not hold, in one line.</param>
    public SimulationException(string message)
        : base(message)
    {
    }
}
