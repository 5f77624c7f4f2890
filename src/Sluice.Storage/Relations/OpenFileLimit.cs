using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>How many files the cache may keep open, from what the process may have.</summary>
internal static partial class OpenFileLimit
{
    // For everything else in the process: libraries, sockets, the log, the method's own descriptors.
    private const int Reserve = 64;
    private const int Least = 32;
    private const int Most = 65536;

    // Where the limit cannot be asked for, what every system grants.
    private const int Unknown = 192;
    private const int RLIMIT_NOFILE = 7;

    internal static int Derive() => Derive(Read());

    /// <summary>Three quarters of what is left after the reserve: the application opens files too.</summary>
    internal static int Derive(long processMax) =>
        processMax <= 0 ? Unknown : (int)Math.Clamp((processMax - Reserve) / 4 * 3, Least, Most);

    private static unsafe long Read()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        ResourceLimit limit;
        return GetResourceLimit(RLIMIT_NOFILE, &limit) != 0 ? 0 : limit.Current > long.MaxValue ? long.MaxValue : (long)limit.Current;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static unsafe partial int GetResourceLimit(int resource, ResourceLimit* limit);

    private struct ResourceLimit
    {
        internal ulong Current;
        internal ulong Max;
    }
}
