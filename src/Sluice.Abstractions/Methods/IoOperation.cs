namespace Sluice.Methods;

/// <summary>What an I/O does.</summary>
public enum IoOperation : byte
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>Read at an offset into one or more vectors.</summary>
    Read,

    /// <summary>Write at an offset from one or more vectors.</summary>
    Write,

    /// <summary>Make the file's data and all its metadata durable. Covers only writes that completed before it was submitted.</summary>
    Fsync,

    /// <summary>
    /// Make the file's data durable, and the metadata needed to read it back. Covers only writes that completed before it was submitted.
    /// </summary>
    Fdatasync,

    /// <summary>Ask the system to start writing back a range. A hint: promises nothing about durability.</summary>
    FlushRange,

    /// <summary>Reserve space for a range of the file and extend its length to the end of the range.</summary>
    Allocate,
}
