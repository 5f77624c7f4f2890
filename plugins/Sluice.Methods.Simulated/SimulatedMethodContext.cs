using System.Diagnostics;

namespace Sluice.Methods.Simulated;

/// <summary>
/// The state of <c>simulated</c> for one issuer: what is in flight, and what has ended and was not delivered. Under the gate of the disk's
/// time, except for the delivering itself.
/// </summary>
internal sealed class SimulatedMethodContext : IoMethodContext
{
    // A look at a disk that has nothing to say takes this long, so that a program that only looks sees the time go by.
    private const long LookNanoseconds = 1_000;

    private readonly SimulatedMethod _method;
    private readonly SimulatedDisk _disk;
    private readonly SimulatedTime _time;
    private readonly IoMethodContextOptions _options;
    private readonly InFlight[] _inFlight;
    private readonly Queue<int> _foreign = new();
    private readonly Arrival _arrival;
    private IoCompletion[] _ready;
    private IoCompletion[] _delivering;
    private int _readyCount;
    private int _inFlightCount;
    private long _lastTicket;
    private bool _isWoken;
    private bool _isAnnounced;

    internal SimulatedMethodContext(SimulatedMethod method, IoMethodContextOptions options)
    {
        _method = method;
        _disk = method.Disk;
        _time = method.Disk.Time;
        _options = options;
        _inFlight = new InFlight[options.HandleCount];
        _ready = new IoCompletion[options.HandleCount];
        _delivering = new IoCompletion[options.HandleCount];
        _arrival = new Arrival(this);
    }

    internal bool IsWatched { get; private set; }

    internal bool IsBusy => _inFlightCount != 0;

    public override bool HasCompletions => Volatile.Read(ref _readyCount) != 0 || _foreign.Count != 0;

    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        lock (_time.Gate)
        {
            foreach (IoRequest request in batch) Accept(request);
        }

        return batch.Length;
    }

    public override void Wait(int timeoutMilliseconds)
    {
        int count;
        bool isStalled = false;
        lock (_time.Gate)
        {
            long deadline = timeoutMilliseconds < 0 ? long.MaxValue : _time.NowNanoseconds + (timeoutMilliseconds * 1_000_000L);
            while (_readyCount == 0 && _foreign.Count == 0 && !_isWoken && !_time.HasDueTimers)
            {
                if (_time.FireNext(deadline)) continue;
                if (timeoutMilliseconds == 0) break;
                if (timeoutMilliseconds > 0 && _time.HasEvents)
                {
                    _time.MoveTo(deadline);
                    break;
                }

                TimeSpan? patience = timeoutMilliseconds < 0 ? _disk.Options.StallTimeout : null;
                if (_time.Sleep(patience is null ? timeoutMilliseconds : (int)patience.Value.TotalMilliseconds)) continue;
                isStalled = patience is not null;
                break;
            }

            _isWoken = false;
            count = TakeReady();
        }

        _time.RunDueTimers();
        Deliver(count);
        if (isStalled) _disk.RaiseStalled();
    }

    public override int Reap()
    {
        int count;
        lock (_time.Gate)
        {
            if (_readyCount == 0 && _foreign.Count == 0 && !_time.FireNext(_time.NowNanoseconds) && _inFlightCount != 0)
            {
                long moment = _time.NowNanoseconds + LookNanoseconds;
                while (_time.FireNext(moment))
                {
                }

                _time.MoveTo(moment);
            }

            count = TakeReady();
        }

        _time.RunDueTimers();
        return Deliver(count);
    }

    public override void Wake()
    {
        lock (_time.Gate)
        {
            _isWoken = true;
            _time.Pulse();
        }
    }

    public override void SetWatched(bool watched)
    {
        lock (_time.Gate)
        {
            IsWatched = watched;
            _isAnnounced = watched && HasCompletions;
            _time.Pulse();
        }
    }

    public override void Dispose() => _method.Remove(this, _options.Id);

    /// <summary>Whether the poller has to be told of completions. Under the gate.</summary>
    internal bool TakeAnnouncement()
    {
        bool isAnnounced = _isAnnounced && IsWatched;
        if (isAnnounced) _isAnnounced = false;
        return isAnnounced;
    }

    /// <summary>A crash: writes in flight are partly done. Under the gate.</summary>
    internal void PerformInDoubt()
    {
        foreach (InFlight inFlight in _inFlight)
        {
            if (inFlight.Request?.File is SimulatedFile file && ReferenceEquals(file.Disk, _disk))
            {
                _disk.PerformInDoubt(inFlight.Request, file);
            }
        }
    }

    /// <summary>After a crash: everything in flight on the disk fails, with an unknown outcome. Under the gate.</summary>
    internal void Abandon()
    {
        for (int slot = 0; slot < _inFlight.Length; slot++)
        {
            if (_inFlight[slot].Request?.File is SimulatedFile file && ReferenceEquals(file.Disk, _disk)) End(slot, SimulatedDisk.Dead);
        }
    }

    private void Accept(IoRequest request)
    {
        ref InFlight inFlight = ref _inFlight[request.Slot];
        Debug.Assert(inFlight.Request is null, "A slot was submitted twice.");
        inFlight.Request = request;
        inFlight.Ticket = ++_lastTicket;
        _inFlightCount++;
        if (request.File is not SimulatedFile file || !ReferenceEquals(file.Disk, _disk))
        {
            // Another kind of file: its own Execute does it, when its time has come.
            _time.Schedule(_time.NowNanoseconds + _disk.Schedule(request), _arrival, request.Slot, inFlight.Ticket);
            return;
        }

        if (file.Epoch != _disk.CrashCount)
        {
            End(request.Slot, SimulatedDisk.Dead);
            return;
        }

        inFlight.FlushSequence = file.Inode.Sequence;
        _time.Schedule(_time.NowNanoseconds + _disk.Schedule(request), _arrival, request.Slot, inFlight.Ticket);
    }

    private void Arrive(int slot, long ticket)
    {
        InFlight inFlight = _inFlight[slot];
        if (inFlight.Ticket != ticket || inFlight.Request is not { } request) return;
        if (request.File is not SimulatedFile file || !ReferenceEquals(file.Disk, _disk))
        {
            _foreign.Enqueue(slot);
            Announce();
            return;
        }

        IoOutcome outcome = _disk.Perform(request, file, inFlight.FlushSequence, isInPlace: false);

        // A crash in the midst of it has ended this one as well.
        if (_inFlight[slot].Ticket == ticket && _inFlight[slot].Request is not null) End(slot, outcome);
    }

    private void End(int slot, IoOutcome outcome)
    {
        ref InFlight inFlight = ref _inFlight[slot];
        _ready[_readyCount] = new IoCompletion(inFlight.Request!.Token, outcome);
        Volatile.Write(ref _readyCount, _readyCount + 1);
        inFlight.Request = null;
        _inFlightCount--;
        Announce();
    }

    private void Announce()
    {
        _isAnnounced = true;
        _time.Pulse();
    }

    private int TakeReady()
    {
        int count = _readyCount;
        (_ready, _delivering) = (_delivering, _ready);
        Volatile.Write(ref _readyCount, 0);
        return count;
    }

    private int Deliver(int count)
    {
        if (count != 0) _options.Sink.Complete(_delivering.AsSpan(0, count));
        return _foreign.Count == 0 ? count : count + DeliverForeign();
    }

    // Outside the gate: such a file may block.
    private int DeliverForeign()
    {
        int count = 0;
        while (true)
        {
            IoRequest request;
            int slot;
            lock (_time.Gate)
            {
                if (!_foreign.TryDequeue(out slot)) return count;
                request = _inFlight[slot].Request!;
            }

            ulong token = request.Token;
            IoOutcome outcome = Execute(request);
            lock (_time.Gate)
            {
                _inFlight[slot].Request = null;
                _inFlightCount--;
            }

            _options.Sink.Complete([new IoCompletion(token, outcome)]);
            count++;
        }
    }

    private static IoOutcome Execute(IoRequest request)
    {
        try
        {
            return request.File.Execute(request);
        }
        catch (Exception)
        {
            // A file must not throw. Its request has to end all the same, and nobody can tell what it did.
            return SimulatedDisk.Dead;
        }
    }

    private struct InFlight
    {
        internal IoRequest? Request;
        internal long Ticket;
        internal long FlushSequence;
    }

    private sealed class Arrival(SimulatedMethodContext context) : EventTarget
    {
        internal override void Fire(int slot, long ticket) => context.Arrive(slot, ticket);
    }
}
