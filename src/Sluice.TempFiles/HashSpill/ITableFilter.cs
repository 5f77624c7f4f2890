namespace Sluice.TempFiles;

/// <summary>Decides which entries of a table stay when it is compacted, and takes those that do not.</summary>
internal unsafe interface ITableFilter
{
    /// <summary>Whether an entry stays. One that does not is gone after the call.</summary>
    bool Keep(RecordTable table, byte* entry);
}
