namespace Sluice;

/// <summary>One thing that is measured in turns with others: a form of durable write, or reads, at one depth.</summary>
/// <param name="form">The form; null for reads.</param>
/// <param name="mode">The files it goes to; null when there are none.</param>
/// <param name="isDirect">Whether they are to be direct.</param>
/// <param name="depth">How many in flight.</param>
internal sealed class ProbeCell(DurableWriteForm? form, ProbeFiles? mode, bool isDirect, int depth)
{
    private readonly List<double> _ratesPerSecond = [];
    private readonly List<double> _microseconds = [];

    internal DurableWriteForm? Form => form;

    internal ProbeFiles? Files => mode;

    internal int Depth => depth;

    internal string? Obstacle { get; set; }

    internal string Name => form is null ? $"reads, {depth} in flight" : $"{form}, {(isDirect ? "direct" : "buffered")}, {depth} in flight";

    internal void AddOperation(TimeSpan elapsed) => _microseconds.Add(elapsed.TotalMicroseconds);

    internal void EndSlice(int operations, TimeSpan elapsed) => _ratesPerSecond.Add(operations / Math.Max(elapsed.TotalSeconds, 1e-9));

    internal int Operations => _microseconds.Count;

    internal DurabilityRow ToRow() => new()
    {
        Form = form!.Value,
        IsDirect = isDirect,
        Depth = depth,
        WritesPerSecond = Obstacle is null ? Median(_ratesPerSecond) : 0,
        MedianMicroseconds = Obstacle is null ? Median(_microseconds) : 0,
        Writes = _microseconds.Count,
        Rounds = _ratesPerSecond.Count,
        Obstacle = Obstacle,
    };

    internal DurabilityReadRow ToReadRow() => new(depth, Median(_ratesPerSecond), _microseconds.Count);

    // Of an even number the lower of the two in the middle: it was measured.
    private static double Median(List<double> values)
    {
        if (values.Count == 0) return 0;
        List<double> sorted = [.. values];
        sorted.Sort();
        return sorted[(sorted.Count - 1) / 2];
    }
}
