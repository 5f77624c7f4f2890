namespace Sluice.TempFiles;

/// <summary>What a sort is doing.</summary>
public enum SortPhase
{
    /// <summary>Taking records in, and writing sorted runs when memory is full.</summary>
    Building,

    /// <summary>Merging runs into longer ones, because there are too many for one merge, or into a result that is read anywhere.</summary>
    Merging,

    /// <summary>Giving the result.</summary>
    Reading,
}
