namespace Sluice.Wal;

/// <summary>
/// One kind of record about pages, as the generator emits it for a class with <see cref="LogRecordAttribute"/> that has a <c>RedoPage</c>. Not written by
/// hand.
/// </summary>
public interface IPageRecordDispatch
{
    /// <summary>The number that stands in the record: from <see cref="PageLog.KindsFrom"/> on.</summary>
    static abstract ushort RecordKind { get; }

    /// <summary>Its name.</summary>
    static abstract string RecordName { get; }

    /// <summary>Makes the change of one page again. See <see cref="PageRedo"/>.</summary>
    /// <param name="index">Which of the record's pages it is.</param>
    /// <param name="page">The page, as it was before the change.</param>
    /// <param name="payload">What was added with the record.</param>
    static abstract void Redo(int index, Span<byte> page, ReadOnlySpan<byte> payload);

    /// <summary>Describes a record's content; empty when its class does not.</summary>
    /// <param name="record">The record; its references to pages and their images come before what was added.</param>
    static abstract string Describe(LogRecord record);
}
