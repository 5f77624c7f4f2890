using System.Globalization;
using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>Finds out whether io_uring works here, by using it, and turns refusals into one line for an operator.</summary>
internal static unsafe class Availability
{
    private const string SysctlPath = "/proc/sys/kernel/io_uring_disabled";
    private const int ProbeBytes = 4096;

    /// <summary>Sets a ring up, reads through it and makes data durable through it, on a file without a name.</summary>
    /// <returns>Null when all that works; else why not and what to do.</returns>
    internal static string? Check(IoUringOptions options)
    {
        if (RefuseOtherSystems() is { } refusal) return refusal;
        try
        {
            RingTraits traits = RingTraits.Negotiate(options);
            uint flags = traits.Flags;
            using Ring ring = Ring.Create(8, 8, ref flags);
            return CheckFile(ring);
        }
        catch (RingException exception)
        {
            return Explain(exception);
        }
    }

    /// <summary>The line for a system or processor that has no io_uring at all, else null.</summary>
    internal static string? RefuseOtherSystems()
    {
        if (!OperatingSystem.IsLinux()) return "io_uring exists on Linux only: use io_method worker.";
        Architecture processor = RuntimeInformation.ProcessArchitecture;
        return processor is Architecture.X64 or Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64
            ? null
            : $"io_uring is not built for {processor} processes: use a 64-bit process or io_method worker.";
    }

    /// <summary>The line for a refused call.</summary>
    internal static string Explain(RingException exception) => exception.Errno switch
    {
        Errno.EPERM => ExplainPermission(ReadSysctl()),
        Errno.EACCES => $"{exception.Message}. A security module (SELinux, AppArmor) refuses io_uring; allow it in its policy, "
            + "or use io_method worker.",
        Errno.ENOSYS => "The kernel has no io_uring that can be used (ENOSYS): it needs Linux 5.11 or newer, and no seccomp profile that "
            + "hides it (containers: allow io_uring_setup, io_uring_enter, io_uring_register). Otherwise use io_method worker.",
        Errno.ENOMEM => $"No memory for a ring (ENOMEM): the limit on locked memory is {DescribeLockedLimit()}; raise it (ulimit -l, or "
            + "LimitMEMLOCK= of the service), or use fewer contexts or handles.",
        Errno.EMFILE => "The process has too many open files (EMFILE): each context needs one for its ring; raise the "
            + "limit (ulimit -n, or LimitNOFILE= of the service).",
        Errno.ENFILE => "The system has too many open files (ENFILE): raise the sysctl fs.file-max.",
        _ => $"{exception.Message}. Use io_method worker.",
    };

    /// <summary>The line for EPERM.</summary>
    /// <param name="sysctl">What kernel.io_uring_disabled holds, or null when it cannot be read.</param>
    internal static string ExplainPermission(string? sysctl) => sysctl switch
    {
        "2" => "The kernel refuses io_uring (EPERM): the sysctl kernel.io_uring_disabled is 2, which disables it for "
            + "everybody; set it to 0 (sysctl -w kernel.io_uring_disabled=0).",
        "1" => "The kernel refuses io_uring (EPERM): the sysctl kernel.io_uring_disabled is 1, which allows it only with "
            + "CAP_SYS_ADMIN or in the group kernel.io_uring_group; set it to 0 "
            + "(sysctl -w kernel.io_uring_disabled=0) or add the user to that group.",
        _ => "The kernel refuses io_uring (EPERM) though the sysctl kernel.io_uring_disabled does not: a seccomp profile does, as the "
            + "default one of containers; allow io_uring_setup, io_uring_enter and io_uring_register in it.",
    };

    private static string? ReadSysctl()
    {
        try
        {
            return File.ReadAllText(SysctlPath).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Kernels before 6.6 do not have it.
            return null;
        }
    }

    /// <summary>The limit on locked memory in words.</summary>
    internal static string DescribeLockedLimit()
    {
        ulong* limit = stackalloc ulong[2];
        if (Kernel.GetLimit(Kernel.RLIMIT_MEMLOCK, limit) != 0) return "unknown";
        return limit[0] == ulong.MaxValue ? "none" : string.Create(CultureInfo.InvariantCulture, $"{limit[0] / 1024} KiB");
    }

    private static string? CheckFile(Ring ring)
    {
        int descriptor = OpenProbeFile();
        if (descriptor < 0) return NoFile($"Make {Path.GetTempPath()} writable.");
        byte* memory = (byte*)NativeMemory.AllocZeroed(2 * ProbeBytes);
        try
        {
            byte* expected = memory + ProbeBytes;
            for (int index = 0; index < ProbeBytes; index++) expected[index] = (byte)(index * 7);
            if (Kernel.PWrite(descriptor, expected, ProbeBytes, 0) != ProbeBytes)
            {
                return NoFile($"Make room in {Path.GetTempPath()}.");
            }

            SubmissionEntry* read = ring.NextEntry();
            read->Opcode = Uapi.IORING_OP_READ;
            read->Descriptor = descriptor;
            read->Address = (ulong)memory;
            read->Length = ProbeBytes;
            int result = RunOne(ring);
            bool isSame = new ReadOnlySpan<byte>(memory, ProbeBytes).SequenceEqual(new ReadOnlySpan<byte>(expected, ProbeBytes));
            if (result != ProbeBytes || !isSame) return WentWrong("A read", result);

            SubmissionEntry* flush = ring.NextEntry();
            flush->Opcode = Uapi.IORING_OP_FSYNC;
            flush->Descriptor = descriptor;
            flush->OperationFlags = Uapi.IORING_FSYNC_DATASYNC;
            result = RunOne(ring);
            return result == 0 ? null : WentWrong("An fdatasync", result);
        }
        finally
        {
            NativeMemory.Free(memory);
            _ = Kernel.Close(descriptor);
        }
    }

    private static string NoFile(string cure) => $"No file to try io_uring on: {Errno.Describe(Marshal.GetLastPInvokeError())}. {cure}";

    private static string WentWrong(string what, int result)
    {
        string outcome = result < 0 ? Errno.Describe(-result) : string.Create(CultureInfo.InvariantCulture, $"{result} bytes");
        return $"{what} through io_uring went wrong ({outcome}): the kernel's io_uring cannot be used; use io_method worker.";
    }

    private static int OpenProbeFile()
    {
        int descriptor = Kernel.Open(Path.GetTempPath(), Kernel.O_RDWR | Kernel.O_TMPFILE | Kernel.O_CLOEXEC, 0x180);

        // The temporary folder may be read-only or on a file system without unnamed files: memory tells about the kernel as well.
        return descriptor >= 0 ? descriptor : Kernel.MemoryFile("sluice-probe", flags: 1);
    }

    private static int RunOne(Ring ring)
    {
        ring.PublishTail();
        CompletionEntry[] completions = new CompletionEntry[1];
        while (true)
        {
            int result = ring.Enter(ring.UnsubmittedCount, minComplete: 1, Uapi.IORING_ENTER_GETEVENTS, null);
            if (ring.TakeCompletions(completions, 1) == 1) return completions[0].Result;
            if (result is >= 0 or -Errno.EINTR or -Errno.EAGAIN or -Errno.EBUSY) continue;
            throw new RingException("io_uring_enter", -result);
        }
    }
}
