namespace Sluice.Wal;

/// <summary>One kind of record, as the generator emits it for a class with <see cref="LogRecordAttribute"/>. Not written by hand.</summary>
public interface ILogRecordDispatch
{
    /// <summary>The number that stands in the record.</summary>
    static abstract ushort RecordKind { get; }

    /// <summary>Its name.</summary>
    static abstract string RecordName { get; }

    /// <summary>Replays a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="state">What it changes: of the type that its class asks for.</param>
    static abstract ValueTask Redo(LogRecord record, object state);

    /// <summary>Describes a record's content; empty when its class does not.</summary>
    /// <param name="record">The record.</param>
    static abstract string Describe(LogRecord record);
}
