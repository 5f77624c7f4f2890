namespace Sluice.TempFiles;

/// <summary>Which blocks one reader of a tuple store is at and has asked for ahead.</summary>
internal sealed class TupleWindow
{
    /// <summary>The block it reads; -1 when none.</summary>
    internal long Current { get; set; } = -1;

    /// <summary>The furthest block that it asked for, in the direction in which it reads.</summary>
    internal long AheadTo { get; set; } = -1;

    /// <summary>1 forwards, -1 backwards.</summary>
    internal int Direction { get; set; } = 1;

    /// <summary>How many blocks ahead it asks for.</summary>
    internal int Distance { get; set; } = 1;

    /// <summary>Where in the store it is, in bytes: what is before may be trimmed.</summary>
    internal long Position { get; set; }

    /// <summary>Whether it will read a block soon.</summary>
    internal bool Wants(long ordinal) =>
        Current >= 0 && (Direction > 0 ? ordinal >= Current && ordinal <= AheadTo : ordinal <= Current && ordinal >= AheadTo);
}
