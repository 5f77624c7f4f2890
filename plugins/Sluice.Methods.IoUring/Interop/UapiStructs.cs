using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Interop;

/// <summary>A submission queue entry: the kernel's <c>struct io_uring_sqe</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct SubmissionEntry
{
    [FieldOffset(0)]
    internal byte Opcode;

    [FieldOffset(1)]
    internal byte Flags;

    [FieldOffset(2)]
    internal ushort IoPriority;

    [FieldOffset(4)]
    internal int Descriptor;

    [FieldOffset(8)]
    internal ulong Offset;

    [FieldOffset(16)]
    internal ulong Address;

    [FieldOffset(24)]
    internal uint Length;

    /// <summary>rw_flags, fsync_flags or sync_range_flags.</summary>
    [FieldOffset(28)]
    internal uint OperationFlags;

    [FieldOffset(32)]
    internal ulong UserData;

    [FieldOffset(40)]
    internal ushort BufferIndex;

    [FieldOffset(42)]
    internal ushort Personality;

    [FieldOffset(44)]
    internal uint FileIndex;

    [FieldOffset(48)]
    internal ulong Address3;

    [FieldOffset(56)]
    internal ulong Padding;
}

/// <summary>A completion queue entry: the kernel's <c>struct io_uring_cqe</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompletionEntry
{
    internal ulong UserData;
    internal int Result;
    internal uint Flags;
}

/// <summary>The kernel's <c>struct io_uring_params</c> with its two tables of offsets, 120 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct RingParameters
{
    [FieldOffset(0)]
    internal uint SubmissionEntries;

    [FieldOffset(4)]
    internal uint CompletionEntries;

    [FieldOffset(8)]
    internal uint Flags;

    [FieldOffset(20)]
    internal uint Features;

    // struct io_sqring_offsets
    [FieldOffset(40)]
    internal uint SqHead;

    [FieldOffset(44)]
    internal uint SqTail;

    [FieldOffset(48)]
    internal uint SqMask;

    [FieldOffset(52)]
    internal uint SqEntries;

    [FieldOffset(56)]
    internal uint SqFlags;

    [FieldOffset(64)]
    internal uint SqArray;

    // struct io_cqring_offsets
    [FieldOffset(80)]
    internal uint CqHead;

    [FieldOffset(84)]
    internal uint CqTail;

    [FieldOffset(88)]
    internal uint CqMask;

    [FieldOffset(96)]
    internal uint CqOverflow;

    [FieldOffset(100)]
    internal uint CqEntriesArray;
}

/// <summary>The kernel's <c>struct io_uring_getevents_arg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GetEventsArgument
{
    internal ulong SignalMask;
    internal uint SignalMaskBytes;
    internal uint MinimumWaitMicroseconds;
    internal ulong TimeoutAddress;
}

/// <summary>The kernel's <c>struct __kernel_timespec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KernelTimeSpan
{
    internal long Seconds;
    internal long Nanoseconds;
}

/// <summary>The kernel's <c>struct io_uring_rsrc_register</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceRegistration
{
    internal uint Count;
    internal uint Flags;
    internal ulong Reserved;
    internal ulong Data;
    internal ulong Tags;
}

/// <summary>The kernel's <c>struct io_uring_rsrc_update2</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceUpdate
{
    internal uint Offset;
    internal uint Reserved;
    internal ulong Data;
    internal ulong Tags;
    internal uint Count;
    internal uint Reserved2;
}

/// <summary>The kernel's <c>struct io_uring_files_update</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FilesUpdate
{
    internal uint Offset;
    internal uint Reserved;
    internal ulong Descriptors;
}

/// <summary>The kernel's <c>struct io_uring_clone_buffers</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BufferClone
{
    internal uint SourceDescriptor;
    internal uint Flags;
    internal uint SourceOffset;
    internal uint TargetOffset;
    internal uint Count;
    internal uint Padding0;
    internal uint Padding1;
    internal uint Padding2;
}
