namespace Sluice.Wal;

/// <summary>
/// One page that a record changes, as replay gives it to the <c>Redo</c> of the record's kind: <c>static void Redo(in LogRecord record, PageChange
/// change)</c>. The page is as it was before the change, pinned and locked exclusively; its position is set afterwards.
/// </summary>
/// <remarks>Replay has one object and uses it for every page: it is valid within <c>Redo</c>, and until what that returns has completed.</remarks>
public sealed class PageChange
{
    private BufferPin _pin;
    private ReadOnlyMemory<byte> _payload;

    internal PageChange()
    {
    }

    /// <summary>Which of the record's pages it is, from 0, in the order in which they were given when it was added.</summary>
    public int Index { get; private set; }

    /// <summary>Which page it is.</summary>
    public PageTag Tag => _pin.Tag;

    /// <summary>Its bytes, to be changed.</summary>
    public Span<byte> Page => _pin.Page;

    /// <summary>What was added with the record.</summary>
    public ReadOnlySpan<byte> Payload => _payload.Span;

    /// <summary>What was added with a record about pages, without the references and images before it: for <c>Describe</c>.</summary>
    /// <param name="record">A record that <see cref="PageLog.AddAsync"/> added.</param>
    public static ReadOnlyMemory<byte> PayloadOf(in LogRecord record)
    {
        int pages = record.Body.Span[0];
        int at = 1;
        for (int index = 0; index < pages; index++) PageRecord.Read(record.Body.Span, ref at);
        return record.Body[at..];
    }

    internal void Set(int index, BufferPin pin, ReadOnlyMemory<byte> payload)
    {
        Index = index;
        _pin = pin;
        _payload = payload;
    }
}
