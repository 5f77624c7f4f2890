namespace Sluice.TempFiles;

/// <summary>Where somebody who goes through a whole table is.</summary>
internal unsafe struct TableCursor
{
    internal int Block;
    internal byte* Entry;
}
