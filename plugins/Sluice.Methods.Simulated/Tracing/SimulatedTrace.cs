using System.Globalization;

namespace Sluice.Methods.Simulated;

/// <summary>
/// What happened on a disk, in order. Always hashed; kept only when asked. Two runs of one seed have one hash. Read it when nothing runs.
/// </summary>
public sealed class SimulatedTrace
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    private readonly bool _keepsRecords;
    private readonly List<TraceRecord> _records = [];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _paths = [];
    private ulong _hash = FnvOffset;

    internal SimulatedTrace(bool keepsRecords) => _keepsRecords = keepsRecords;

    /// <summary>How much happened.</summary>
    public long Count { get; private set; }

    /// <summary>
    /// The hash of everything that happened (FNV-1a over 64-bit words). Paths count by the order in which they were first seen, not by
    /// their letters, so that a random name in the code under test does not change it.
    /// </summary>
    public ulong Hash => _hash;

    /// <summary>The records, when the disk was asked to keep them; empty otherwise.</summary>
    public IReadOnlyList<TraceRecord> Records => _records;

    /// <summary>The path of a record's file.</summary>
    /// <param name="fileNumber">The number in the record.</param>
    public string PathOf(int fileNumber) => (uint)fileNumber < (uint)_paths.Count ? _paths[fileNumber] : "-";

    /// <summary>Writes the trace, a line per record.</summary>
    /// <param name="writer">Where to.</param>
    public void WriteTo(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        foreach (TraceRecord record in _records) writer.WriteLine(record.Format(PathOf(record.FileNumber)));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Count} records, hash {_hash:x16}"));
    }

    /// <summary>Writes the trace to a file.</summary>
    /// <param name="path">The file; replaced.</param>
    public void Save(string path)
    {
        using StreamWriter writer = new(path);
        WriteTo(writer);
    }

    /// <summary>Compares two traces that were kept.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The first difference in one line; null when there is none.</returns>
    public string? FindDifference(SimulatedTrace other)
    {
        ArgumentNullException.ThrowIfNull(other);
        int count = Math.Min(_records.Count, other._records.Count);
        for (int index = 0; index < count; index++)
        {
            if (_records[index] != other._records[index]) return $"record {index}: '{Line(index)}' against '{other.Line(index)}'";
        }

        if (_records.Count == other._records.Count) return null;
        (SimulatedTrace longer, string whose) = _records.Count > count ? (this, "the first") : (other, "the second");
        return $"record {count}: only {whose} goes on, with '{longer.Line(count)}'";
    }

    internal int NumberOf(string path)
    {
        if (_numbers.TryGetValue(path, out int number)) return number;
        _numbers[path] = _paths.Count;
        _paths.Add(path);
        return _paths.Count - 1;
    }

    internal void Add(in TraceRecord record)
    {
        Count++;
        ulong hash = _hash;
        hash = (hash ^ (ulong)record.TimeNanoseconds) * FnvPrime;
        hash = (hash ^ (((ulong)record.Operation << 56) | ((ulong)record.Flags << 48) | (uint)record.FileNumber)) * FnvPrime;
        hash = (hash ^ (ulong)record.OffsetBytes) * FnvPrime;
        hash = (hash ^ (ulong)record.LengthBytes) * FnvPrime;
        hash = (hash ^ (uint)record.Result) * FnvPrime;
        _hash = hash ^ (hash >> 29);
        if (_keepsRecords) _records.Add(record);
    }

    private string Line(int index) => _records[index].Format(PathOf(_records[index].FileNumber));
}
