namespace Sluice.TempFiles;

/// <summary>
/// Records with hashes that went to the file together: a chain of its blocks, and what is known of them. The last block is in memory
/// while it is written.
/// </summary>
internal sealed unsafe class SpillPartition
{
    /// <summary>The block that is filled; -1 when there is none.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>Where the next byte goes.</summary>
    internal byte* Cursor { get; set; }

    /// <summary>Where the block that is filled ends.</summary>
    internal byte* End { get; set; }

    /// <summary>The first block in the file; -1 when there is none.</summary>
    internal int FirstBlock { get; set; } = -1;

    /// <summary>The last block in the file.</summary>
    internal int LastBlock { get; set; } = -1;

    /// <summary>How many blocks it has in the file.</summary>
    internal int BlockCount { get; set; }

    /// <summary>How many bytes of the last block are its.</summary>
    internal int TailBytes { get; set; }

    /// <summary>How many records it has.</summary>
    internal long RecordCount { get; private set; }

    /// <summary>How many bytes the records are.</summary>
    internal long RecordBytes { get; private set; }

    /// <summary>The bits in which hashes differ: none when all records have the same hash, and then no cut can divide them.</summary>
    internal ulong DifferingBits => _hashOr & ~_hashAnd;

    private ulong _hashAnd = ulong.MaxValue;
    private ulong _hashOr;

    internal void Count(ulong hash, int lengthBytes)
    {
        RecordCount++;
        RecordBytes += lengthBytes;
        _hashAnd &= hash;
        _hashOr |= hash;
    }
}
