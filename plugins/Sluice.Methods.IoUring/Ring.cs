using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>
/// One io_uring instance: two queues in memory shared with the kernel, and the system calls on its descriptor.
/// </summary>
/// <remarks>
/// <para>Who may call what. <see cref="NextEntry"/> and <see cref="PublishTail"/>: only the holder of the context's submission
/// lock. <see cref="TakeCompletions"/>: only the leading thread. <see cref="Enter"/> and <see cref="Register"/>: any thread
/// that knows the ring is not being disposed; the kernel orders them by its own lock. <see cref="HasCompletions"/>: anybody, at
/// any time, also after disposal.</para>
/// <para>Fences, each with its partner in the kernel:</para>
/// <list type="bullet">
/// <item>Submission tail: our entries, then a release store here; the kernel loads it with acquire (<c>io_sqring_entries</c>)
/// and then reads the entries. An entry published by one thread may so be handed over by another thread's enter.</item>
/// <item>Submission head: the kernel stores it with release after it has copied the entries (<c>io_commit_sqring</c>); our
/// acquire load comes before an entry is written again.</item>
/// <item>Completion tail: the kernel writes entries, then stores it with release (<c>io_commit_cqring</c>); our acquire load
/// comes before we read the entries. It also makes the submitter's per-slot state visible to the reaper, because the kernel
/// loaded the submission tail with acquire before it could complete anything.</item>
/// <item>Completion head: we copy entries, then store it with release; the kernel reads it before it writes an entry again.</item>
/// <item>Submission flags (work to run, overflow): only a hint; whoever is wrong enters once in vain or a moment later.</item>
/// </list>
/// </remarks>
internal sealed unsafe partial class Ring : IDisposable
{
    private int _descriptor = -1;
    private nint _ringMemory;
    private nuint _ringBytes;
    private nint _entriesMemory;
    private nuint _entriesBytes;

    private uint* _sqHead;
    private uint* _sqTail;
    private uint* _sqFlags;
    private SubmissionEntry* _sqEntries;
    private uint _sqMask;
    private uint _sqLocalTail;

    private uint* _cqHead;
    private uint* _cqTail;
    private CompletionEntry* _cqEntries;
    private uint _cqMask;

    private Ring()
    {
    }

    /// <summary>What the kernel can do (IORING_FEAT_*).</summary>
    internal uint Features { get; private set; }

    /// <summary>The set-up flags that the kernel took, without those that are always given.</summary>
    internal uint Flags { get; private set; }

    internal uint SubmissionEntries { get; private set; }

    internal uint CompletionEntries { get; private set; }

    internal int Descriptor => _descriptor;

    /// <summary>How many entries the kernel has not taken yet. Exact under the submission lock while nobody enters.</summary>
    internal uint UnsubmittedCount => Volatile.Read(ref *_sqTail) - Volatile.Read(ref *_sqHead);

    /// <summary>The published tail, for the holder of the submission lock.</summary>
    internal uint Tail => _sqLocalTail;

    /// <summary>The user data of an entry that the kernel has not taken. Submission lock.</summary>
    /// <param name="index">0 for the oldest; below <see cref="UnsubmittedCount"/>.</param>
    internal ulong UnsubmittedUserData(uint index) => _sqEntries[(Volatile.Read(ref *_sqHead) + index) & _sqMask].UserData;

    /// <summary>Forgets entries that were filled and not published. Submission lock.</summary>
    /// <param name="tail">Where the tail was before they were filled.</param>
    internal void Forget(uint tail) => _sqLocalTail = tail;

    /// <summary>Withdraws every entry that the kernel has not taken. Submission lock, and nobody enters to submit.</summary>
    internal void TakeBackUnsubmitted()
    {
        _sqLocalTail = Volatile.Read(ref *_sqHead);
        PublishTail();
    }

    /// <summary>Whether the kernel has taken every entry below the given tail.</summary>
    internal bool HasConsumed(uint tail) => (int)(Volatile.Read(ref *_sqHead) - tail) >= 0;

    /// <summary>Whether completions can be had: in the queue, or by entering once. A hint for anybody.</summary>
    internal bool HasCompletions
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            bool has = Volatile.Read(ref *_cqHead) != Volatile.Read(ref *_cqTail) || NeedsEnterToComplete;
            GC.KeepAlive(this);
            return has;
        }
    }

    /// <summary>Whether the kernel holds completions back until somebody enters.</summary>
    internal bool NeedsEnterToComplete => (Volatile.Read(ref *_sqFlags) & (Uapi.IORING_SQ_TASKRUN | Uapi.IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>Whether completions did not fit into their queue and the kernel kept them aside.</summary>
    internal bool HasOverflow => (Volatile.Read(ref *_sqFlags) & Uapi.IORING_SQ_CQ_OVERFLOW) != 0;

    /// <summary>The next entry to fill, zeroed; the kernel's with <see cref="PublishTail"/>. Submission lock; there is room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SubmissionEntry* NextEntry()
    {
        SubmissionEntry* entry = &_sqEntries[_sqLocalTail++ & _sqMask];
        *entry = default;
        return entry;
    }

    /// <summary>Makes the filled entries the kernel's. Pairs with the kernel's acquire load of the tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void PublishTail() => Volatile.Write(ref *_sqTail, _sqLocalTail);

    /// <summary>Copies completions out and gives their room back at once. Leading thread.</summary>
    /// <param name="target">Receives them.</param>
    /// <param name="countMax">The most to take.</param>
    /// <returns>How many were taken.</returns>
    internal int TakeCompletions(CompletionEntry[] target, uint countMax)
    {
        uint head = *_cqHead;
        uint count = Math.Min(Volatile.Read(ref *_cqTail) - head, Math.Min(countMax, (uint)target.Length));
        for (uint index = 0; index < count; index++) target[index] = _cqEntries[(head + index) & _cqMask];

        // Released before anything is done with the copies, so that the kernel has room while completion callbacks run.
        if (count != 0) Volatile.Write(ref *_cqHead, head + count);
        return (int)count;
    }

    /// <summary>How many completions wait in the queue. Leading thread.</summary>
    internal uint ReadyCount => Volatile.Read(ref *_cqTail) - *_cqHead;

    /// <summary>Calls io_uring_enter once.</summary>
    /// <param name="toSubmit">How many entries the kernel shall take. It takes fewer when there are fewer, and then does not wait.</param>
    /// <param name="minComplete">How many completions to wait for.</param>
    /// <param name="flags">IORING_ENTER_*.</param>
    /// <param name="argument">What the flags need.</param>
    /// <returns>How many entries were taken, or a negative errno.</returns>
    internal int Enter(uint toSubmit, uint minComplete, uint flags, GetEventsArgument* argument)
    {
        nuint argumentBytes = argument == null ? 0 : (nuint)sizeof(GetEventsArgument);
        int result = Kernel.Enter(_descriptor, toSubmit, minComplete, flags, argument, argumentBytes);
        return result >= 0 ? result : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Calls io_uring_register once.</summary>
    /// <returns>What the kernel returned, or a negative errno.</returns>
    internal int Register(uint operation, void* argument, uint count)
    {
        while (true)
        {
            int result = Kernel.Register(_descriptor, operation, argument, count);
            if (result >= 0) return result;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return -errno;
        }
    }
}
