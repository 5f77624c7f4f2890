using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Interop;

/// <summary>
/// The system calls of io_uring and the few others needed. Those of io_uring have no wrapper in the C library and go through
/// <c>syscall(2)</c>; their numbers are the same on every architecture. Each returns -1 and sets errno on failure.
/// </summary>
/// <remarks>Enter must never suppress the GC transition: it copies buffered data inline and blocks.</remarks>
internal static unsafe partial class Kernel
{
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const uint EPOLLIN = 1;
    internal const uint EPOLLET = 1u << 31;
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int RLIMIT_MEMLOCK = 8;

    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;
    private const int MAP_PRIVATE = 2;
    private const int MAP_FIXED = 0x10;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_POPULATE = 0x8000;
    private const int MADV_DONTFORK = 10;

    private const nint SetupNumber = 425;
    private const nint EnterNumber = 426;
    private const nint RegisterNumber = 427;

    /// <summary>What mmap returns when it fails.</summary>
    internal const nint MapFailed = -1;

    // These two differ between processor families.
    internal static int O_TMPFILE =>
        0x400000 | (RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x4000 : 0x10000);

    internal static int Setup(uint entries, RingParameters* parameters) =>
        (int)SysCall3(SetupNumber, (nint)entries, (nint)parameters, 0);

    internal static int Enter(int ring, uint toSubmit, uint minComplete, uint flags, void* argument, nuint argumentBytes) =>
        (int)SysCall6(EnterNumber, ring, (nint)toSubmit, (nint)minComplete, (nint)flags, (nint)argument, (nint)argumentBytes);

    internal static int Register(int ring, uint operation, void* argument, uint count) =>
        (int)SysCall4(RegisterNumber, ring, (nint)operation, (nint)argument, (nint)count);

    /// <summary>Maps a part of a ring, filled at once so that no later access faults.</summary>
    internal static nint MapRing(int ring, nuint lengthBytes, long offset) =>
        MemoryMap(0, lengthBytes, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);

    /// <summary>Puts zero pages in the place of a mapping, in one step.</summary>
    internal static nint MapZeros(nint address, nuint lengthBytes) =>
        MemoryMap(address, lengthBytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    /// <summary>Keeps a mapping out of forked children, who could otherwise drive our ring.</summary>
    internal static void KeepFromChildren(nint address, nuint lengthBytes) => _ = MemoryAdvise(address, lengthBytes, MADV_DONTFORK);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint lengthBytes);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
    internal static partial nint PWrite(int descriptor, void* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int Fdatasync(int descriptor);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, void* @event);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(int epoll, void* events, int eventsMax, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    internal static partial int GetLimit(int resource, ulong* softAndHard);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MemoryMap(nint address, nuint lengthBytes, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int MemoryAdvise(nint address, nuint lengthBytes, int advice);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall3(nint number, nint a, nint b, nint c);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall4(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall6(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
