using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>A record to be sorted: eight bytes of its key beside where it is, so that most comparisons touch nothing else.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecordEntry
{
    /// <summary>Bytes of the key; from which depth on changes while sorting.</summary>
    internal ulong Prefix;

    /// <summary>
    /// Where in the memory of its run, in bytes. Records are laid down in order of arrival, so this is also the order of arrival.
    /// </summary>
    internal uint Offset;

    /// <summary>Its length in bytes.</summary>
    internal int Length;
}
