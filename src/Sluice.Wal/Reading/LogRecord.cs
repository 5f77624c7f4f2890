namespace Sluice.Wal;

/// <summary>A record that was read and verified.</summary>
public readonly struct LogRecord
{
    internal LogRecord(ulong position, ulong end, ulong previous, ushort kind, uint incarnation, int pieces, ReadOnlyMemory<byte> body)
    {
        Position = new LogPosition(position);
        EndPosition = new LogPosition(end);
        Previous = new LogPosition(previous);
        Kind = kind;
        Incarnation = incarnation;
        Pieces = pieces;
        Body = body;
    }

    /// <summary>Where it begins.</summary>
    public LogPosition Position { get; }

    /// <summary>Where it ends: what <see cref="WriteAheadLog.FlushAsync"/> was asked for.</summary>
    public LogPosition EndPosition { get; }

    /// <summary>Where the record before it begins; none for the first of a log.</summary>
    public LogPosition Previous { get; }

    /// <summary>What it is.</summary>
    public ushort Kind { get; }

    /// <summary>Which opening of the log wrote it.</summary>
    public uint Incarnation { get; }

    /// <summary>Of how many pieces it consists; 1 unless it is long.</summary>
    public int Pieces { get; }

    /// <summary>Its content; valid until the next record is read.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Whether it is the log's own: filling, or the mark of an opening.</summary>
    public bool IsInternal => Kind >= WalUnit.PaddingKind;

    /// <inheritdoc/>
    public override string ToString() => $"{Position} kind {Kind:X4} {Body.Length} bytes";
}
