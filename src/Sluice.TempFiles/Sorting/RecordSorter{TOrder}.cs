using System.Runtime.ExceptionServices;

namespace Sluice.TempFiles;

/// <summary>
/// The caller's flow fills a run; when it is full, it goes to a thread that is free and the caller fills another, or, when none is, the
/// caller sorts
/// and writes it itself: nobody ever waits while there is work. Without threads the caller fills, sorts and writes by turns, see
/// RecordSorter{TOrder}.Turns.cs.
/// </summary>
/// <remarks>
/// Invariants: a builder is the caller's, a thread's, or in the free list; it changes hands under the lock, which also orders its memory.
/// What fails
/// on a thread is thrown at the caller's next call. After a failure nothing is added any more.
/// </remarks>
internal sealed unsafe partial class RecordSorter<TOrder> : RecordSorter
    where TOrder : struct, IRecordOrder
{
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _idle = new(false);
    private readonly SemaphoreSlim _work = new(0);
    private readonly Stack<RunBuilder<TOrder>> _free = new();
    private readonly Queue<RunBuilder<TOrder>> _full = new();
    private readonly List<RunBuilder<TOrder>> _builders = [];
    private readonly List<Thread> _threads = [];
    private readonly CancellationTokenSource _stop;
    private readonly SortShared _shared;
    private readonly TOrder _order;
    private readonly int _parallelism;
    private readonly IProgress<SortProgress>? _progress;
    private readonly bool _materializes;
    private readonly AioContext _context;
    private RunBuilder<TOrder> _current;
    private SortCutoff? _cutoff;
    private Exception? _failure;
    private long _nextSequence;
    private long _withheldBytes;
    private int _busy;
    private bool _isEnding;
    private bool _isDisposed;

    internal RecordSorter(TempSpace space, TempOwner owner, TOrder order, ExternalSortOptions options, CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _order = order;
        _parallelism = options.Parallelism;
        _progress = options.Progress;
        _materializes = options.HasRandomAccess;
        _takesTurns = MayTakeTurns(options);
        _shared = new SortShared(owner, SortPlan.For(options.MemoryBytes, _takesTurns ? 2 : options.Parallelism), options.IsUnique,
            options.Limit, _stop.Token);
        _partBytes = Math.Max(PartBytesMin, _shared.Plan.RunBytes / Parts);
        _drainBetweenGroups = () => _other?.Drain(_partBytes / 4);
        AioContext? context = null;
        try
        {
            context = space.System.CreateContext("sort");
            _context = context;
            _current = AddBuilder(space.System);
        }
        catch
        {
            context?.Dispose();
            _stop.Dispose();
            _work.Dispose();
            _idle.Dispose();
            throw;
        }

        TakeOver(_current);
    }

    internal override SortShared Shared => _shared;

    internal override AioContext Context => _context;

    internal override int InMemoryCount => _current.Count;

    internal override ReadOnlySpan<byte> InMemoryRecord(int index)
    {
        RecordEntry entry = _current.Entries[index];
        return new ReadOnlySpan<byte>(_current.Memory + entry.Offset, entry.Length);
    }

    internal override void Commit(int length)
    {
        ulong prefix = _order.Prefix(Tail, length);
        Records++;
        if (_cutoff is { } cutoff && !IsBefore(prefix, length, cutoff)) return;
        _current.Commit(length, prefix);
        Tail = _current.Tail;
        Room = (int)Math.Min(_current.RoomBytes - _withheldBytes, int.MaxValue);
    }

    internal override void MakeRoom()
    {
        ThrowIfFailed();
        if (_withheldBytes > 0)
        {
            TakeTurns();
            return;
        }

        if (_current.Count == 0)
        {
            _current.Grow(Math.Max(2L * Room, 4096), 0);
            GoOn(_current);
            return;
        }

        if (_takesTurns) Exchange();
        else if (_shared.Limit < int.MaxValue && _current.TryKeepFirst(out SortCutoff? cutoff)) Lower(cutoff);
        else PassOn();
        TakeOver(_current);
        _progress?.Report(new SortProgress(SortPhase.Building, Records, Records, _shared.SpilledBytes));
    }

    internal override RecordSource Finish()
    {
        WaitForThreads();
        ThrowIfFailed();
        Tail = null;
        Room = 0;
        List<RunBuilder<TOrder>> filled = [.. _builders.Where(static builder => builder.Count != 0).OrderBy(static builder =>
            builder.Sequence)];
        if (!_shared.HasSpilled && !_hasBegunTurns && (filled.Count <= 1 || !_materializes))
        {
            foreach (RunBuilder<TOrder> builder in filled) builder.Sort();
            _current = filled.Count == 0 ? _current : filled[0];
            if (_materializes) RecordsToMerge = filled.Sum(static builder => (long)builder.Count);
            return new MergedRecords<TOrder>([.. filled.Select(static builder => new BuilderRecordSource<TOrder>(builder))], null, _order,
                _shared.IsUnique, _shared.Limit);
        }

        foreach (RunBuilder<TOrder> builder in filled)
        {
            if (builder.IsDraining) builder.Drain(long.MaxValue);
            else builder.Spill();
        }

        foreach (RunBuilder<TOrder> builder in _builders)
        {
            builder.CompleteWrites();
            builder.Dispose();
        }

        _builders.Clear();
        List<SortRun> runs = _shared.TakeRuns();
        long more = _materializes ? runs.Sum(static run => run.Records) : 0;
        RecordsToMerge = more;
        return RunMerger.Open(_shared, _context, runs, _order, (merged, all) =>
        {
            RecordsMerged = merged;
            RecordsToMerge = all + more;
            _progress?.Report(new SortProgress(SortPhase.Merging, RecordsMerged, RecordsToMerge, _shared.SpilledBytes));
        });
    }

    internal override RecordSource? TryOpenInMemory() =>
        _shared.HasSpilled || _builders.Count == 0 || _shared.IsUnique || _shared.Limit != long.MaxValue ? null
            : new BuilderRecordSource<TOrder>(_current);

    public override void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _stop.Cancel();
        WaitForThreads();
        foreach (RunBuilder<TOrder> builder in _builders) builder.Dispose();
        _builders.Clear();
        _shared.Dispose();
        _context.Dispose();
        _stop.Dispose();
        _work.Dispose();
        _idle.Dispose();
    }

    private void TakeOver(RunBuilder<TOrder> builder)
    {
        if (builder.Count == 0) builder.Sequence = _nextSequence++;
        _withheldBytes = _takesTurns ? Math.Max(0, builder.RoomBytes - _partBytes) : 0;
        GoOn(builder);
    }

    private void GoOn(RunBuilder<TOrder> builder)
    {
        _current = builder;
        Tail = builder.Tail;
        Room = (int)Math.Clamp(builder.RoomBytes - _withheldBytes, -1, int.MaxValue);
    }

    private bool IsBefore(ulong prefix, int length, SortCutoff cutoff)
    {
        if (prefix != cutoff.Prefix) return prefix < cutoff.Prefix;
        fixed (byte* last = cutoff.Record) return _order.Compare(Tail, length, last, cutoff.Record.Length) < 0;
    }

    private void Lower(SortCutoff? cutoff)
    {
        if (cutoff is null) return;
        lock (_lock)
        {
            if (_cutoff is { } old)
            {
                if (cutoff.Prefix > old.Prefix) return;
                fixed (byte* one = cutoff.Record)
                fixed (byte* two = old.Record)
                {
                    if (cutoff.Prefix == old.Prefix && _order.Compare(one, cutoff.Record.Length, two, old.Record.Length) >= 0) return;
                }
            }

            Volatile.Write(ref _cutoff, cutoff);
        }
    }

    // The full run goes to a thread if one is free; the caller goes on with an empty one.
    private void PassOn()
    {
        RunBuilder<TOrder>? next = null;
        if (_parallelism > 1)
        {
            lock (_lock)
            {
                if (_free.TryPop(out next) || _builders.Count < _parallelism)
                {
                    _full.Enqueue(_current);
                    _busy++;
                }
                else
                {
                    next = _current;
                }
            }
        }

        if (ReferenceEquals(next, _current) || _parallelism == 1)
        {
            Lower(_current.Spill());
            return;
        }

        if (_threads.Count < _parallelism - 1) AddThread();
        _work.Release();
        next ??= AddBuilder(_context.System);
        _current = next;
    }

    private RunBuilder<TOrder> AddBuilder(AioSystem system)
    {
        AioContext context = system.CreateContext("sort run");
        try
        {
            RunBuilder<TOrder> builder = new(_shared, context, _order);
            lock (_lock) _builders.Add(builder);
            return builder;
        }
        catch
        {
            // There was no memory for it.
            context.Dispose();
            throw;
        }
    }

    private void AddThread()
    {
        Thread thread = new(Work) { IsBackground = true, Name = "sluice-sort" };
        _threads.Add(thread);
        thread.Start();
    }

    private void Work()
    {
        while (true)
        {
            _work.Wait();
            RunBuilder<TOrder> builder;
            lock (_lock)
            {
                if (!_full.TryDequeue(out builder!)) return;
            }

            try
            {
                Lower(builder.Spill());
            }
            catch (Exception exception)
            {
                builder.Clear();
                Interlocked.CompareExchange(ref _failure, exception, null);
            }

            lock (_lock)
            {
                _free.Push(builder);
                _busy--;
            }

            _idle.Set();
        }
    }

    private void WaitForThreads()
    {
        if (_isEnding) return;
        _isEnding = true;
        while (true)
        {
            lock (_lock)
            {
                if (_busy == 0) break;
            }

            _idle.WaitOne();
        }

        // Each finds the queue empty, and ends.
        if (_threads.Count > 0) _work.Release(_threads.Count);
        foreach (Thread thread in _threads) thread.Join();
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure) ExceptionDispatchInfo.Throw(failure);
        _stop.Token.ThrowIfCancellationRequested();
    }
}
