namespace Sluice;

/// <summary>
/// Declares a kind of record of a write-ahead log, and how it is replayed. On a partial class with
/// <c>static void Redo(in LogRecord record, TState state)</c> or <c>static ValueTask RedoAsync(LogRecord record, TState state)</c>, and, if
/// wanted, <c>static string Describe(in LogRecord record)</c>. The generator emits the constant <c>Kind</c> and the dispatch; the
/// assembly's class <c>…LogRecords</c> adds all kinds to a registry (Sluice.Wal).
/// </summary>
/// <param name="kind">The number that stands in the record: below 0xFF00, and used once in a program. Never give it to another kind while
/// old logs exist.</param>
/// <param name="name">Its name, for people.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class LogRecordAttribute(int kind, string name) : Attribute
{
    /// <summary>The number that stands in the record.</summary>
    public int Kind { get; } = kind;

    /// <summary>Its name.</summary>
    public string Name { get; } = name;
}
