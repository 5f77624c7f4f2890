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
        where TDispatch : struct, ILogRecordDispatch =>
        Add(TDispatch.RecordKind, new Entry(typeof(TDispatch), TDispatch.RecordName, &TDispatch.Redo, null, &TDispatch.Describe));

    /// <summary>Adds a kind of record about pages. Done by the generated class of an assembly.</summary>
    /// <typeparam name="TDispatch">The kind.</typeparam>
    /// <exception cref="InvalidOperationException">Another kind has that number, or it is none of records about pages.</exception>
    public void AddPages<TDispatch>()
        where TDispatch : struct, IPageRecordDispatch
    {
        ushort kind = TDispatch.RecordKind;
        if (kind < PageLog.KindsFrom) throw new InvalidOperationException($"The kind of log record '{TDispatch.RecordName}' is {kind:X4}, and it is about pages: give one from {PageLog.KindsFrom:X4} on.");
        Add(kind, new Entry(typeof(TDispatch), TDispatch.RecordName, null, &TDispatch.Redo, &TDispatch.Describe));
    }

    /// <summary>Replays a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="state">What it changes.</param>
    /// <exception cref="WalException">No kind of that number is known, or it is about pages.</exception>
    public ValueTask RedoAsync(LogRecord record, object state)
    {
        if (!_entries.TryGetValue(record.Kind, out Entry? entry)) throw Unknown($"The record at {record.Position}", record.Kind);
        if (entry.IsPages) throw new WalException($"The record at {record.Position} is of kind '{entry.Name}', which is about pages: open the log by a {nameof(PageLog)}, which replays those.");
        return entry.Redo(record, state);
    }

    /// <summary>Makes the change of one page again, by the method of the record's kind: a <see cref="PageRedo"/>, for <see cref="PageLog.OpenAsync(BufferSession, PageRedo, WalOptions, IProgress{LogPosition})"/>.</summary>
    /// <param name="kind">The record's kind.</param>
    /// <param name="index">Which of the record's pages it is.</param>
    /// <param name="page">The page, as it was before the change.</param>
    /// <param name="payload">What was added with the record.</param>
    /// <exception cref="WalException">No kind of that number is known, or it is not about pages.</exception>
    public void RedoPage(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        if (!_entries.TryGetValue(kind, out Entry? entry)) throw Unknown("A record", kind);
        if (!entry.IsPages) throw new WalException($"A record about pages is of kind {kind:X4}, '{entry.Name}', which has no RedoPage: give its class one.");
        entry.RedoPage(index, page, payload);
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

    private static WalException Unknown(string what, ushort kind) =>
        new($"{what} is of kind {kind:X4}, which this program does not know: add the records of the assembly that wrote it to the registry, or use the program that did.");

    private void Add(ushort kind, Entry entry)
    {
        if (kind >= WalUnit.PaddingKind) throw new InvalidOperationException($"The kind of log record '{entry.Name}' is {kind:X4}, which is the log's own: give one below FF00.");
        if (_entries.TryAdd(kind, entry)) return;
        Entry other = _entries[kind];
        if (other.Dispatch == entry.Dispatch) return;
        throw new InvalidOperationException($"The kinds of log record '{other.Name}' and '{entry.Name}' have the same number, {kind:X4}: give one of them another.");
    }

    private sealed class Entry(
        Type dispatch, string name, delegate*<LogRecord, object, ValueTask> redo, delegate*<int, Span<byte>, ReadOnlySpan<byte>, void> redoPage, delegate*<LogRecord, string> describe)
    {
        internal Type Dispatch { get; } = dispatch;

        internal string Name { get; } = name;

        internal bool IsPages => redoPage is not null;

        internal ValueTask Redo(LogRecord record, object state) => redo(record, state);

        internal void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload) => redoPage(index, page, payload);

        internal string Describe(LogRecord record) => describe(record);
    }
}
