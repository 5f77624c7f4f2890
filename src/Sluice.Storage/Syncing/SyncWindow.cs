namespace Sluice.Storage;

/// <summary>
/// Syncs in flight, as many as the context gives handles for; finished in the order they were begun. Belongs to one flow.
/// </summary>
internal sealed class SyncWindow
{
    private const int DepthMax = 64;

    private readonly AioContext _context;
    private readonly TimeProvider _clock;
    private readonly Slot[] _slots;
    private int _first;
    private int _count;

    /// <summary>Makes it.</summary>
    /// <param name="context">The flow's context; half of its handles are used at most.</param>
    /// <param name="filesMax">How many files can be open.</param>
    internal SyncWindow(AioContext context, int filesMax)
    {
        _context = context;
        _clock = context.System.TimeProvider;
        int depth = Math.Clamp(Math.Min(context.HandleCount, filesMax) / 2, 1, DepthMax);
        _slots = new Slot[depth];
        for (int index = 0; index < depth; index++) _slots[index].Place = new AioReturn();
    }

    internal bool IsFull => _count == _slots.Length;

    internal bool IsEmpty => _count == 0;

    /// <summary>Begins a sync. The file is held, and released when it is finished.</summary>
    internal void Start<TState>(SyncEntry? entry, IoFile file, TState state, Action<AioHandle, IoFile, TState> start)
    {
        ref Slot slot = ref _slots[(_first + _count) % _slots.Length];
        try
        {
            slot.Reference = ContextIo.Start(
                _context, slot.Place, (file, state, start), static (handle, given) => given.start(handle, given.file, given.state));
        }
        catch
        {
            file.ReleaseHold(_context.Id);
            throw;
        }

        slot.Entry = entry;
        slot.File = file;
        slot.Started = _clock.GetTimestamp();
        _count++;
    }

    /// <summary>Waits for the sync that was begun first. Its outcome is the caller's to judge before the next is begun.</summary>
    internal async ValueTask<(SyncEntry? Entry, IoFile File, AioReturn Place, TimeSpan Duration)> FinishAsync()
    {
        int index = _first;
        await _context.WaitAsync(_slots[index].Reference);
        Slot slot = _slots[index];
        _first = (_first + 1) % _slots.Length;
        _count--;
        slot.File.ReleaseHold(_context.Id);
        return (slot.Entry, slot.File, slot.Place, _clock.GetElapsedTime(slot.Started));
    }

    private struct Slot
    {
        internal SyncEntry? Entry;
        internal IoFile File;
        internal AioReturn Place;
        internal WaitReference Reference;
        internal long Started;
    }
}
