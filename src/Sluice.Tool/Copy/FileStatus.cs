using System.Runtime.InteropServices;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Copy;

/// <summary>What a copy has to know of a path before it opens anything: opening a pipe, for one, would wait for ever.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="AllocatedBytes">What of that takes up space; less than the length when it has holes.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Identity">Device and number of the file: two paths with the same are one file. Empty where the system has none.</param>
internal sealed record FileStatus(FileStatus.Kinds Kind, long LengthBytes, long AllocatedBytes, UnixFileMode Mode, string Identity)
{
    private const int TypeMask = 0xF000;
    private const int TypeFile = 0x8000;
    private const int TypeFolder = 0x4000;
    private const int PermissionMask = 0x1FF;
    private const int BlockBytes = 512;

    /// <summary>What a path can be.</summary>
    internal enum Kinds
    {
        /// <summary>A file with content.</summary>
        File,

        /// <summary>A folder.</summary>
        Folder,

        /// <summary>A device, pipe or socket.</summary>
        Other,
    }

    /// <summary>Looks at a path, following links.</summary>
    /// <returns>Null when nothing is there.</returns>
    /// <exception cref="AioException">It cannot be looked at.</exception>
    internal static FileStatus? Find(string path) => OperatingSystem.IsLinux() ? FindLinux(path) : FindPortable(path);

    private static unsafe FileStatus? FindLinux(string path)
    {
        Libc.Statx status;
        if (Libc.StatX(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &status) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw new AioException($"look at {path}", errno);
        }

        Kinds kind = (status.Mode & TypeMask) switch
        {
            TypeFile => Kinds.File,
            TypeFolder => Kinds.Folder,
            _ => Kinds.Other,
        };
        return new FileStatus(
            kind,
            status.Size,
            status.Blocks * BlockBytes,
            (UnixFileMode)(status.Mode & PermissionMask),
            $"{status.DeviceMajor}:{status.DeviceMinor}:{status.Inode}");
    }

    private static FileStatus? FindPortable(string path)
    {
        const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        if (Directory.Exists(path)) return new FileStatus(Kinds.Folder, 0, 0, Plain, Path.GetFullPath(path));
        FileInfo info = new(path);
        return info.Exists ? new FileStatus(Kinds.File, info.Length, info.Length, Plain, info.FullName) : null;
    }
}
