namespace Sluice.Storage;

/// <summary>In which kind of access I/O is counted: through the whole pool, or through one of the rings.</summary>
public enum IoContext
{
    /// <summary>Through the whole pool.</summary>
    Normal,

    /// <summary>Through a ring for vacuuming.</summary>
    Vacuum,

    /// <summary>Through a ring for reading much.</summary>
    BulkRead,

    /// <summary>Through a ring for writing much.</summary>
    BulkWrite,
}
