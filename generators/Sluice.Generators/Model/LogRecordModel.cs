namespace Sluice.Generators.Model;

/// <summary>Everything the emitter must know of one <c>[LogRecord]</c> class.</summary>
/// <param name="Type">The class.</param>
/// <param name="Kind">The number of the kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">The type that replay changes, in code; empty when no method replays, or pages are what it changes.</param>
/// <param name="IsAsync">Whether the method that replays is <c>RedoAsync</c>.</param>
/// <param name="IsPage">Whether it is <c>RedoPage</c>: the record is about pages.</param>
/// <param name="Describes">Whether it describes itself.</param>
/// <param name="IsStub">Whether the class cannot be a kind of record, and only what keeps user code compiling is emitted.</param>
internal sealed record LogRecordModel(TypeModel Type, int Kind, string Name, string State, bool IsAsync, bool IsPage, bool Describes, bool IsStub);
