namespace Sluice.Simulation;

/// <summary>The file of runs that failed once: one per line, replayed for ever. Lines that begin with # say why.</summary>
public static class StoredSeeds
{
    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    public static IReadOnlyList<SimulationParameters> Read(string path) =>
        [.. File.ReadLines(path).Select(static line => line.Trim()).Where(static line =>
            line.Length != 0 && line[0] != '#').Select(SimulationParameters.Parse)];

    /// <summary>Adds a run, unless it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="failed">The run, shrunk.</param>
    public static void Add(string path, SimulationResult failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        string line = failed.Parameters.ToLine();
        if (File.Exists(path) && File.ReadLines(path).Contains(line)) return;
        File.AppendAllLines(path, [$"# {failed.Failure!.ReplaceLineEndings(" ")}", line]);
    }
}
