namespace Sluice.Storage;

/// <summary>A page of a <see cref="BulkWriter"/>'s memory, to be filled and handed over.</summary>
public readonly struct BulkPage
{
    private readonly BulkWriter _writer;

    internal BulkPage(BulkWriter writer, int index) => (_writer, Index) = (writer, index);

    /// <summary>The page. Until it is handed over; what it holds before is undefined.</summary>
    public Span<byte> Page => _writer.MemoryOf(Index);

    /// <summary>Whether it is a page at all.</summary>
    public bool IsValid => _writer is not null;

    internal int Index { get; }

    internal bool IsOf(BulkWriter writer) => ReferenceEquals(_writer, writer);
}
