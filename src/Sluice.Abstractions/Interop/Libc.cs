using System.Runtime.InteropServices;

namespace Sluice.Interop;

/// <summary>The system calls that files of the operating system need on Linux. Each returns -1 and sets errno on failure.</summary>
internal static unsafe partial class Libc
{
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_TRUNC = 0x200;
    internal const int O_DSYNC = 0x1000;
    internal const int O_SYNC = 0x101000;
    internal const int O_CLOEXEC = 0x80000;

    internal const int RWF_DSYNC = 2;
    internal const int RWF_NOWAIT = 8;
    internal const uint SYNC_FILE_RANGE_WRITE = 2;
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int AT_FDCWD = -100;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_SIZE = 0x200;
    internal const uint STATX_TYPE = 1;
    internal const uint STATX_DIOALIGN = 0x2000;

    // These two differ between processor families.
    internal static readonly int O_DIRECT = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64
        ? 0x10000
        : 0x4000;
    internal static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64
        ? 0x4000
        : 0x10000;

    internal static int O_TMPFILE => 0x400000 | O_DIRECTORY;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "pread64", SetLastError = true)]
    internal static partial nint PRead(int descriptor, nint buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
    internal static partial nint PWrite(int descriptor, nint buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "preadv64v2", SetLastError = true)]
    internal static partial nint PReadV2(int descriptor, void* vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "pwritev64v2", SetLastError = true)]
    internal static partial nint PWriteV2(int descriptor, void* vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int Fdatasync(int descriptor);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    internal static partial int SyncFileRange(int descriptor, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
    internal static partial int FAllocate(int descriptor, int mode, long offset, long count);

    [LibraryImport("libc", EntryPoint = "ftruncate64", SetLastError = true)]
    internal static partial int FTruncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatX(int directory, string path, int flags, uint mask, Statx* result);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Rename(string source, string target);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RmDir(string path);

    /// <summary>The fields of the kernel's <c>struct statx</c> that are used here; 256 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(0)]
        internal uint Mask;

        [FieldOffset(4)]
        internal uint BlockSize;

        [FieldOffset(28)]
        internal ushort Mode;

        [FieldOffset(40)]
        internal long Size;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;

        [FieldOffset(152)]
        internal uint DirectMemoryAlignment;

        [FieldOffset(156)]
        internal uint DirectOffsetAlignment;
    }
}
