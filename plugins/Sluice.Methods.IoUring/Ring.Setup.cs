using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

internal sealed unsafe partial class Ring
{
    private const uint FeaturesNeeded = Uapi.IORING_FEAT_SINGLE_MMAP | Uapi.IORING_FEAT_NODROP
        | Uapi.IORING_FEAT_SUBMIT_STABLE | Uapi.IORING_FEAT_EXT_ARG;

    // In the order in which they are given up when the kernel says EINVAL: newest first.
    private static ReadOnlySpan<uint> FlagsByAge =>
    [
        Uapi.IORING_SETUP_NO_SQARRAY,
        Uapi.IORING_SETUP_COOP_TASKRUN | Uapi.IORING_SETUP_TASKRUN_FLAG,
        Uapi.IORING_SETUP_SUBMIT_ALL,
    ];

    /// <summary>Sets a ring up.</summary>
    /// <param name="submissionEntries">Room for entries that are not handed over yet; a power of two.</param>
    /// <param name="completionEntries">Room for completions that nobody reaped yet; a power of two, at least the former.</param>
    /// <param name="flags">The flags wished for; those that the kernel does not know are taken out.</param>
    /// <exception cref="RingException">The kernel refused.</exception>
    internal static Ring Create(uint submissionEntries, uint completionEntries, ref uint flags)
    {
        Ring ring = new();
        try
        {
            ring.SetUp(submissionEntries, completionEntries, ref flags);
            return ring;
        }
        catch
        {
            ring.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the ring. The memory that other threads may still glance at (<see cref="HasCompletions"/>) is replaced by zero
    /// pages, in one step, and given back when nobody can reach this object any more: a late glance sees an empty ring and
    /// never faults. Nobody may enter or register at the same time, because the descriptor's number is free afterwards.
    /// </summary>
    public void Dispose()
    {
        if (_descriptor < 0) return;
        _ = Kernel.Close(_descriptor);
        _descriptor = -1;
        ReplaceByZeros(_ringMemory, _ringBytes);
        ReplaceByZeros(_entriesMemory, _entriesBytes);
    }

    ~Ring()
    {
        if (_descriptor >= 0) _ = Kernel.Close(_descriptor);
        if (_ringMemory != 0) _ = Kernel.Unmap(_ringMemory, _ringBytes);
        if (_entriesMemory != 0) _ = Kernel.Unmap(_entriesMemory, _entriesBytes);
    }

    private static void ReplaceByZeros(nint address, nuint lengthBytes)
    {
        if (address == 0) return;
        if (Kernel.MapZeros(address, lengthBytes) == Kernel.MapFailed) throw new RingException("mmap", Marshal.GetLastPInvokeError());
    }

    private void SetUp(uint submissionEntries, uint completionEntries, ref uint flags)
    {
        RingParameters parameters;
        int given = 0;
        while (true)
        {
            parameters = default;
            parameters.CompletionEntries = completionEntries;
            parameters.Flags = flags | Uapi.IORING_SETUP_CQSIZE | Uapi.IORING_SETUP_CLAMP;
            _descriptor = Kernel.Setup(submissionEntries, &parameters);
            if (_descriptor >= 0) break;
            int errno = Marshal.GetLastPInvokeError();
            while (given < FlagsByAge.Length && (flags & FlagsByAge[given]) == 0) given++;
            if (errno != Errno.EINVAL || given == FlagsByAge.Length) throw new RingException("io_uring_setup", errno);
            flags &= ~FlagsByAge[given++];
        }

        if ((parameters.Features & FeaturesNeeded) != FeaturesNeeded) throw new RingException("io_uring_setup", Errno.ENOSYS);
        Features = parameters.Features;
        Flags = flags;
        SubmissionEntries = parameters.SubmissionEntries;
        CompletionEntries = parameters.CompletionEntries;
        Map(parameters);
    }

    private void Map(in RingParameters parameters)
    {
        bool hasArray = (Flags & Uapi.IORING_SETUP_NO_SQARRAY) == 0;
        nuint submissionBytes = hasArray ? parameters.SqArray + (parameters.SubmissionEntries * sizeof(uint)) : 0;
        nuint completionBytes = parameters.CqEntriesArray + (parameters.CompletionEntries * (nuint)sizeof(CompletionEntry));
        _ringBytes = nuint.Max(submissionBytes, completionBytes);
        _entriesBytes = parameters.SubmissionEntries * (nuint)sizeof(SubmissionEntry);
        _ringMemory = MapOrThrow(_ringBytes, Uapi.IORING_OFF_SQ_RING);
        _entriesMemory = MapOrThrow(_entriesBytes, Uapi.IORING_OFF_SQES);

        byte* memory = (byte*)_ringMemory;
        _sqHead = (uint*)(memory + parameters.SqHead);
        _sqTail = (uint*)(memory + parameters.SqTail);
        _sqFlags = (uint*)(memory + parameters.SqFlags);
        _sqMask = parameters.SubmissionEntries - 1;
        _cqHead = (uint*)(memory + parameters.CqHead);
        _cqTail = (uint*)(memory + parameters.CqTail);
        _cqMask = parameters.CompletionEntries - 1;
        _cqEntries = (CompletionEntry*)(memory + parameters.CqEntriesArray);
        _sqEntries = (SubmissionEntry*)_entriesMemory;
        if (!hasArray) return;

        // Without NO_SQARRAY the kernel finds entries through an index array: identity, once for ever.
        uint* array = (uint*)(memory + parameters.SqArray);
        for (uint index = 0; index < parameters.SubmissionEntries; index++) array[index] = index;
    }

    private nint MapOrThrow(nuint lengthBytes, long offset)
    {
        nint address = Kernel.MapRing(_descriptor, lengthBytes, offset);
        if (address == Kernel.MapFailed) throw new RingException("mmap", Marshal.GetLastPInvokeError());
        Kernel.KeepFromChildren(address, lengthBytes);
        return address;
    }
}
