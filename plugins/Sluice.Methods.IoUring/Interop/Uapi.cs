namespace Sluice.Methods.IoUring.Interop;

/// <summary>Constants of the kernel's interface (<c>linux/io_uring.h</c>) that are used here, under the kernel's names.</summary>
internal static class Uapi
{
    internal const uint IORING_SETUP_CQSIZE = 1u << 3;
    internal const uint IORING_SETUP_CLAMP = 1u << 4;
    internal const uint IORING_SETUP_SUBMIT_ALL = 1u << 7;
    internal const uint IORING_SETUP_COOP_TASKRUN = 1u << 8;
    internal const uint IORING_SETUP_TASKRUN_FLAG = 1u << 9;
    internal const uint IORING_SETUP_NO_SQARRAY = 1u << 16;

    internal const uint IORING_FEAT_SINGLE_MMAP = 1u << 0;
    internal const uint IORING_FEAT_NODROP = 1u << 1;
    internal const uint IORING_FEAT_SUBMIT_STABLE = 1u << 2;
    internal const uint IORING_FEAT_EXT_ARG = 1u << 8;

    internal const uint IORING_ENTER_GETEVENTS = 1u << 0;
    internal const uint IORING_ENTER_EXT_ARG = 1u << 3;

    internal const uint IORING_SQ_CQ_OVERFLOW = 1u << 1;
    internal const uint IORING_SQ_TASKRUN = 1u << 2;

    internal const long IORING_OFF_SQ_RING = 0;
    internal const long IORING_OFF_SQES = 0x10000000;

    internal const byte IOSQE_FIXED_FILE = 1 << 0;
    internal const byte IOSQE_IO_LINK = 1 << 2;
    internal const byte IOSQE_ASYNC = 1 << 4;

    internal const byte IORING_OP_NOP = 0;
    internal const byte IORING_OP_READV = 1;
    internal const byte IORING_OP_WRITEV = 2;
    internal const byte IORING_OP_FSYNC = 3;
    internal const byte IORING_OP_READ_FIXED = 4;
    internal const byte IORING_OP_WRITE_FIXED = 5;
    internal const byte IORING_OP_SYNC_FILE_RANGE = 8;
    internal const byte IORING_OP_FALLOCATE = 17;
    internal const byte IORING_OP_READ = 22;
    internal const byte IORING_OP_WRITE = 23;
    internal const byte IORING_OP_READV_FIXED = 60;
    internal const byte IORING_OP_WRITEV_FIXED = 61;

    internal const uint IORING_FSYNC_DATASYNC = 1;
    internal const uint RWF_DSYNC = 2;
    internal const uint SYNC_FILE_RANGE_WRITE = 2;

    internal const uint IORING_REGISTER_FILES_UPDATE = 6;
    internal const uint IORING_REGISTER_PROBE = 8;
    internal const uint IORING_REGISTER_FILES2 = 13;
    internal const uint IORING_REGISTER_BUFFERS2 = 15;
    internal const uint IORING_REGISTER_BUFFERS_UPDATE = 16;
    internal const uint IORING_REGISTER_CLONE_BUFFERS = 30;

    internal const uint IORING_RSRC_REGISTER_SPARSE = 1u << 0;
    internal const uint IORING_REGISTER_DST_REPLACE = 1u << 1;
    internal const ushort IO_URING_OP_SUPPORTED = 1;

    /// <summary>The most bytes one read or write moves; the kernel's MAX_RW_COUNT. A longer one completes short.</summary>
    internal const uint MaxTransferBytes = 0x7FFFF000;
}
