using System.Globalization;

namespace Sluice.Wal;

/// <summary>
/// The kinds of record that a program knows: filled at start, <c>MyAppLogRecords.AddTo(registry)</c>, and then only read, on any thread. Replay
/// finds a kind in a table and calls it through the address of its method.
/// </summary>
public sealed unsafe class LogRecordRegistry
{
    private readonly Dictionary<ushort, Entry> _entries = [];

    /// <summary>The kinds there are, with their names, in order.</summary>
    public IEnumerable<KeyValuePair<ushort, string>> Kinds => _entries.OrderBy(static entry => entry.Key).Select(static entry => KeyValuePair.Create(entry.Key, entry.Value.Name));

    /// <summary>Adds a kind. Done by the generated class of an assembly.</summary>
    /// <typeparam name="TDispatch">The kind.</typeparam>
    /// <exception cref="InvalidOperationException">Another kind has that number.</exception>
    public void Add<TDispatch>()
        where TDispatch : struct, ILogRecordDispatch
    {
        ushort kind = TDispatch.RecordKind;
        if (kind >= WalUnit.PaddingKind) throw new InvalidOperationException($"The kind of log record '{TDispatch.RecordName}' is {kind:X4}, which is the log's own: give one below FF00.");
        if (_entries.TryGetValue(kind, out Entry? other))
        {
            if (other.Dispatch == typeof(TDispatch)) return;
            throw new InvalidOperationException($"The kinds of log record '{other.Name}' and '{TDispatch.RecordName}' have the same number, {kind:X4}: give one of them another.");
        }

        _entries.Add(kind, new Entry(typeof(TDispatch), TDispatch.RecordName, &TDispatch.Redo, &TDispatch.Describe));
    }

    /// <summary>Replays a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="state">What it changes.</param>
    /// <exception cref="WalException">No kind of that number is known.</exception>
    public ValueTask RedoAsync(LogRecord record, object state)
    {
        if (_entries.TryGetValue(record.Kind, out Entry? entry)) return entry.Redo(record, state);
        throw new WalException($"The record at {record.Position} is of kind {record.Kind:X4}, which this program does not know: add the records of the assembly that wrote it to the registry, or use the program that did.");
    }

    /// <summary>The function that replays records into a state, for <see cref="WalReplay.Redo"/>.</summary>
    /// <param name="state">What they change.</param>
    public Func<LogRecord, ValueTask> Into(object state) => record => RedoAsync(record, state);

    /// <summary>The name of a record's kind, or its number.</summary>
    /// <param name="record">The record.</param>
    public string NameOf(LogRecord record) =>
        _entries.TryGetValue(record.Kind, out Entry? entry) ? entry.Name : record.Kind.ToString("X4", CultureInfo.InvariantCulture);

    /// <summary>A record's content for people; empty when its kind is not known or does not describe itself.</summary>
    /// <param name="record">The record.</param>
    public string Describe(LogRecord record) => _entries.TryGetValue(record.Kind, out Entry? entry) ? entry.Describe(record) : "";

    private sealed class Entry(Type dispatch, string name, delegate*<LogRecord, object, ValueTask> redo, delegate*<LogRecord, string> describe)
    {
        internal Type Dispatch { get; } = dispatch;

        internal string Name { get; } = name;

        internal ValueTask Redo(LogRecord record, object state) => redo(record, state);

        internal string Describe(LogRecord record) => describe(record);
    }
}
