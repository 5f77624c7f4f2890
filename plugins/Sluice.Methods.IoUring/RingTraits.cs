using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>What was negotiated with the kernel, once per method, on a small ring that is thrown away.</summary>
internal sealed unsafe record RingTraits
{
    private const int OpcodesAsked = 128;

    /// <summary>The optional set-up flags that the kernel knows.</summary>
    internal required uint Flags { get; init; }

    /// <summary>IORING_FEAT_*.</summary>
    internal required uint Features { get; init; }

    /// <summary>Whether several vectors can go to registered memory in one request (Linux 6.15).</summary>
    internal required bool HasVectoredFixed { get; init; }

    /// <summary>Asks the kernel.</summary>
    /// <exception cref="RingException">It does not set a ring up.</exception>
    internal static RingTraits Negotiate(IoUringOptions options)
    {
        uint flags = Uapi.IORING_SETUP_SUBMIT_ALL | Uapi.IORING_SETUP_NO_SQARRAY;
        if (options.CoopTaskrun) flags |= Uapi.IORING_SETUP_COOP_TASKRUN | Uapi.IORING_SETUP_TASKRUN_FLAG;
        using Ring ring = Ring.Create(8, 8, ref flags);
        ulong* probe = stackalloc ulong[2 + OpcodesAsked];
        new Span<ulong>(probe, 2 + OpcodesAsked).Clear();
        bool isKnown = ring.Register(Uapi.IORING_REGISTER_PROBE, probe, OpcodesAsked) >= 0;
        return new RingTraits
        {
            Flags = flags,
            Features = ring.Features,
            HasVectoredFixed = isKnown && Supports(probe, Uapi.IORING_OP_READV_FIXED) && Supports(probe, Uapi.IORING_OP_WRITEV_FIXED),
        };
    }

    /// <summary>The set-up flags by name.</summary>
    internal string DescribeFlags()
    {
        List<string> names = ["CQSIZE", "CLAMP"];
        if ((Flags & Uapi.IORING_SETUP_SUBMIT_ALL) != 0) names.Add("SUBMIT_ALL");
        if ((Flags & Uapi.IORING_SETUP_COOP_TASKRUN) != 0) names.Add("COOP_TASKRUN");
        if ((Flags & Uapi.IORING_SETUP_NO_SQARRAY) != 0) names.Add("NO_SQARRAY");
        return string.Join(' ', names);
    }

    /// <summary>The kernel's features by name.</summary>
    internal string DescribeFeatures()
    {
        ReadOnlySpan<string> names =
        [
            "SINGLE_MMAP", "NODROP", "SUBMIT_STABLE", "RW_CUR_POS", "CUR_PERSONALITY", "FAST_POLL", "POLL_32BITS", "SQPOLL_NONFIXED",
            "EXT_ARG", "NATIVE_WORKERS", "RSRC_TAGS", "CQE_SKIP", "LINKED_FILE", "REG_REG_RING", "RECVSEND_BUNDLE", "MIN_TIMEOUT",
            "RW_ATTR", "NO_IOWAIT",
        ];
        List<string> present = [];
        for (int bit = 0; bit < names.Length; bit++)
        {
            if ((Features & (1u << bit)) != 0) present.Add(names[bit]);
        }

        if (HasVectoredFixed) present.Add("READV_FIXED");
        return string.Join(' ', present);
    }

    // struct io_uring_probe: 16 bytes of header (last_op, ops_len, ...), then 8 bytes per operation: op, resv, u16 flags, u32.
    private static bool Supports(ulong* probe, byte opcode)
    {
        ReadOnlySpan<byte> bytes = new(probe, (2 + OpcodesAsked) * sizeof(ulong));
        ushort flags = MemoryMarshal.Read<ushort>(bytes[(16 + (opcode * 8) + 2)..]);
        return bytes[1] > opcode && (flags & Uapi.IO_URING_OP_SUPPORTED) != 0;
    }
}
