namespace Sluice.TempFiles;

/// <summary>A place in a tuple store, to come back to.</summary>
public readonly record struct TupleStoreMark
{
    internal TupleStoreMark(long position, long number)
    {
        Position = position;
        Number = number;
    }

    /// <summary>How many records are before it.</summary>
    public long Number { get; }

    internal long Position { get; }
}
