using System.Runtime.InteropServices;

namespace Sluice.Conformance.Support;

/// <summary>Takes a file out of the system's cache, so that reads of it have to wait.</summary>
internal static partial class Cache
{
    internal const int DontNeed = 4;

    [LibraryImport("libc", EntryPoint = "fsync")]
    internal static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    internal static partial int Advise(int descriptor, long offset, long length, int advice);
}
