namespace Sluice.Simulation;

/// <summary>What the code under test promised does not hold. Never taken for a consequence of a crash.</summary>
public sealed class SimulationException : Exception
{
    public SimulationException(string message)
        : base(message)
    {
    }
}
