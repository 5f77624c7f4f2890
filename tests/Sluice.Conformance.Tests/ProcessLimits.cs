using System.Runtime.InteropServices;

namespace Sluice.Conformance.Tests;

/// <summary>What a child process does to itself, so that the system refuses it something. Linux.</summary>
internal static unsafe partial class ProcessLimits
{
    internal const int MemLock = 8;
    internal const int NoFile = 7;

    private const int SysSeccompX64 = 317;
    private const int SysSeccompArm64 = 277;
    private const int SysCapGetX64 = 125;
    private const int SysCapGetArm64 = 90;
    private const int IoUringSetup = 425;
    private const int CapIpcLock = 14;

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Sets both limits of a resource.</summary>
    internal static void Set(int resource, ulong value)
    {
        ulong* limits = stackalloc ulong[] { value, value };
        if (SetLimit(resource, limits) != 0) throw new InvalidOperationException($"setrlimit: {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Gives up the right to lock memory without limit, for the calling thread.</summary>
    internal static void DropIpcLock()
    {
        uint* header = stackalloc uint[] { 0x20080522, 0 };
        uint* data = stackalloc uint[6];
        if (SysCall(IsX64 ? SysCapGetX64 : SysCapGetArm64, (nint)header, (nint)data, 0) != 0) throw new InvalidOperationException("capget");
        data[0] &= ~(1u << CapIpcLock);
        if (SysCall((IsX64 ? SysCapGetX64 : SysCapGetArm64) + 1, (nint)header, (nint)data, 0) != 0)
        {
            throw new InvalidOperationException("capset");
        }
    }

    /// <summary>Makes the system answer EPERM to io_uring_setup, for all threads: what the default profile of containers does.</summary>
    internal static void RefuseIoUring()
    {
        if (Prctl(38, 1, 0, 0, 0) != 0) throw new InvalidOperationException("no_new_privs");

        // load the number; if it is io_uring_setup go on, else skip one; EPERM; allow.
        ulong* program = stackalloc ulong[]
        {
            Instruction(0x20, 0, 0, 0),
            Instruction(0x15, 0, 1, IoUringSetup),
            Instruction(0x06, 0, 0, 0x0005_0000 | 1),
            Instruction(0x06, 0, 0, 0x7FFF_0000),
        };
        nint* filter = stackalloc nint[] { 4, (nint)program };
        if (SysCall(IsX64 ? SysSeccompX64 : SysSeccompArm64, 1, 1, (nint)filter) != 0) throw new InvalidOperationException("seccomp");
    }

    private static ulong Instruction(ushort code, byte whenTrue, byte whenFalse, uint value) =>
        code | ((ulong)whenTrue << 16) | ((ulong)whenFalse << 24) | ((ulong)value << 32);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nint first, nint second, nint third, nint fourth);
}
