using Sluice.Tool.Interop;

namespace Sluice.Tool.Sort;

/// <summary>Whether two names are of one file.</summary>
internal static unsafe class FileIdentity
{
    internal static bool AreSame(string left, string right)
    {
        if (left == "-" || right == "-") return false;
        Libc.Statx one;
        Libc.Statx two;
        if (Libc.StatX(Libc.AT_FDCWD, left, 0, Libc.STATX_BASIC_STATS, &one) != 0) return false;
        if (Libc.StatX(Libc.AT_FDCWD, right, 0, Libc.STATX_BASIC_STATS, &two) != 0) return false;
        return one.Inode == two.Inode && one.DeviceMajor == two.DeviceMajor && one.DeviceMinor == two.DeviceMinor;
    }
}
