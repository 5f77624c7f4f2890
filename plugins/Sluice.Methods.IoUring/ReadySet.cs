using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>
/// The epoll descriptor through which one thread waits for all watched rings, and the event descriptor that wakes it.
/// </summary>
/// <remarks>
/// A watched ring is edge-triggered: each completion that the kernel posts makes it ready once more, however often it was
/// reported before, and changing it to watched looks at once whether something is there. So nothing is missed between a
/// report and the reaping, and a ring that somebody else drains is not reported for ever. Members other than
/// <see cref="Wait"/> and <see cref="Wake"/> are guarded by the method's lock.
/// </remarks>
internal sealed unsafe class ReadySet : IDisposable
{
    private const int EventsMax = 64;
    private const ulong WakeData = ulong.MaxValue;

    // struct epoll_event is packed on x86-64 only.
    private static int DataOffset => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private readonly int _epoll;
    private readonly int _wakeDescriptor;
    private readonly byte[] _events;

    internal ReadySet()
    {
        _epoll = Kernel.EpollCreate(Kernel.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new RingException("epoll_create1", Marshal.GetLastPInvokeError());
        _wakeDescriptor = Kernel.EventDescriptor(0, Kernel.EFD_CLOEXEC | Kernel.EFD_NONBLOCK);
        int errno = _wakeDescriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (errno == 0) errno = Control(Kernel.EPOLL_CTL_ADD, _wakeDescriptor, Kernel.EPOLLIN, WakeData);
        if (errno != 0)
        {
            Dispose();
            throw new RingException("eventfd", errno);
        }

        _events = GC.AllocateArray<byte>(EventsMax * EventBytes, pinned: true);
    }

    private static int EventBytes => DataOffset + sizeof(ulong);

    /// <summary>Makes a ring known, watched or not.</summary>
    internal void Add(Ring ring, int contextId, bool isWatched)
    {
        int errno = Control(Kernel.EPOLL_CTL_ADD, ring.Descriptor, EventsFor(isWatched), (ulong)contextId);
        if (errno != 0) throw new RingException("epoll_ctl", errno);
    }

    /// <summary>Changes whether a ring is watched. What is there already counts.</summary>
    internal void Change(Ring ring, int contextId, bool isWatched)
    {
        int errno = Control(Kernel.EPOLL_CTL_MOD, ring.Descriptor, EventsFor(isWatched), (ulong)contextId);
        if (errno != 0) throw new RingException("epoll_ctl", errno);
    }

    /// <summary>Takes a ring out, before its descriptor is closed.</summary>
    internal void Remove(Ring ring) => _ = Control(Kernel.EPOLL_CTL_DEL, ring.Descriptor, 0, 0);

    /// <summary>Blocks until a watched ring is ready, <see cref="Wake"/> is called or the time is up. One thread.</summary>
    /// <returns>How many numbers were written.</returns>
    internal int Wait(Span<int> contextIds, int timeoutMilliseconds, TimeProvider timeProvider)
    {
        ArgumentOutOfRangeException.ThrowIfZero(contextIds.Length);
        long started = timeoutMilliseconds > 0 ? timeProvider.GetTimestamp() : 0;
        int remaining = timeoutMilliseconds;
        while (true)
        {
            int countMax = Math.Min(contextIds.Length, EventsMax);
            int count = Kernel.EpollWait(_epoll, Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_events)), countMax, remaining);
            if (count >= 0) return Translate(count, contextIds);
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) throw new RingException("epoll_wait", errno);
            if (timeoutMilliseconds > 0)
            {
                double elapsed = timeProvider.GetElapsedTime(started).TotalMilliseconds;
                remaining = elapsed >= timeoutMilliseconds ? 0 : (int)Math.Ceiling(timeoutMilliseconds - elapsed);
            }
        }
    }

    /// <summary>Makes a current or the next wait return. Any thread.</summary>
    internal void Wake()
    {
        ulong one = 1;

        // It can only fail when the count is at its end, and then it is readable already.
        _ = Kernel.Write(_wakeDescriptor, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        if (_wakeDescriptor >= 0) _ = Kernel.Close(_wakeDescriptor);
        _ = Kernel.Close(_epoll);
    }

    private static uint EventsFor(bool isWatched) => isWatched ? Kernel.EPOLLIN | Kernel.EPOLLET : 0;

    private int Translate(int count, Span<int> contextIds)
    {
        int written = 0;
        for (int index = 0; index < count; index++)
        {
            ulong data = MemoryMarshal.Read<ulong>(_events.AsSpan((index * EventBytes) + DataOffset));
            if (data != WakeData)
            {
                contextIds[written++] = (int)data;
                continue;
            }

            ulong value;
            _ = Kernel.Read(_wakeDescriptor, &value, sizeof(ulong));
        }

        return written;
    }

    private int Control(int operation, int descriptor, uint events, ulong data)
    {
        byte* @event = stackalloc byte[16];
        *(uint*)@event = events;
        Unsafe.WriteUnaligned(@event + DataOffset, data);
        return Kernel.EpollControl(_epoll, operation, descriptor, @event) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }
}
