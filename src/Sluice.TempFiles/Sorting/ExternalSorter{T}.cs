namespace Sluice.TempFiles;

/// <summary>
/// Sorts more values than memory holds. Values are encoded into native memory, sorted when it is full and written to temporary tapes as
/// runs while
/// the next run is built; in the end the runs are merged with reads ahead on all of them. Stable. Belongs to one flow at a time; blocks.
/// </summary>
/// <remarks>
/// After anything failed (a full disk, a codec or order that throws, cancellation) everything is given up at once: no file and no I/O stays
/// behind, and the sorter can only be disposed.
/// </remarks>
/// <typeparam name="T">The values; may be a ref struct that looks at the bytes where they are.</typeparam>
public sealed unsafe class ExternalSorter<T> : IDisposable
    where T : allows ref struct
{
    private const int RecordsPerLook = 4096;

    private readonly ITempCodec<T> _codec;
    private readonly ExternalSortOptions _options;
    private readonly RecordSorter _engine;
    private readonly CancellationToken _cancellationToken;
    private SortedRecords<T>? _result;
    private bool _isOver;
    private bool _isInside;
    private bool _endsWhenLeft;
    private bool _isDisposed;

    /// <summary>Makes a sorter.</summary>
    /// <param name="space">Where runs go.</param>
    /// <param name="codec">How values become records.</param>
    /// <param name="order">The order of the records, such as <see cref="SortOrder.Bytes"/>.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="name">A name for people: it stands in errors.</param>
    /// <param name="cancellationToken">Gives everything up: the call that is under way, or the next, throws.</param>
    /// <exception cref="ArgumentException">The options have mistakes; the message names each.</exception>
    public ExternalSorter(
        TempSpace space, ITempCodec<T> codec, ISortOrder order, ExternalSortOptions? options = null, string name = "sort",
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(order);
        _options = options ?? new ExternalSortOptions();
        IReadOnlyList<string> mistakes = _options.Validate();
        if (mistakes.Count != 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
        _codec = codec;
        _cancellationToken = cancellationToken;
        TempOwner owner = space.CreateOwner(name);
        _engine = order is SortOrder.BytesSortOrder bytes
            ? new RecordSorter<BytesOrder>(space, owner, bytes.Order, _options, cancellationToken)
            : new RecordSorter<InterfaceOrder>(space, owner, new InterfaceOrder(order), _options, cancellationToken);
    }

    /// <summary>How many values were added.</summary>
    public long Count => _engine.Records;

    /// <summary>What it took so far.</summary>
    public SortStatistics Statistics => new(_engine.Records, _engine.Shared.RunsBuilt, _engine.Shared.SpilledBytes,
        _engine.Shared.MemoryBytesPeak);

    /// <summary>Adds a value.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="AioException">A run could not be written.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for runs.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Add(T value)
    {
        if (_isOver) RefuseOver();
        try
        {
            int length;
            while (_engine.Room < 0 || (length = _codec.Encode(value, new Span<byte>(_engine.Tail, _engine.Room))) < 0) MakeRoom();
            if (length > _engine.Room) throw new InvalidOperationException(
                $"The codec says that it wrote {length} bytes where there was room for {_engine.Room}.");
            _engine.Commit(length);
            if (_engine.Records % RecordsPerLook == 0) _cancellationToken.ThrowIfCancellationRequested();
        }
        catch
        {
            GiveUp();
            throw;
        }
    }

    /// <summary>Ends the input and gives the result. Once.</summary>
    /// <returns>The values in order; disposed with the sorter at the latest.</returns>
    /// <exception cref="AioException">A run could not be written or read.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for runs.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SortedRecords<T> Finish()
    {
        if (_isOver) RefuseOver();
        _isOver = true;
        _isInside = true;
        try
        {
            _cancellationToken.ThrowIfCancellationRequested();
            _result = SortedRecords<T>.Open(_engine, _codec, _options, GiveUp);
            return _result;
        }
        catch
        {
            GiveUp();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Waits for what is on its way, and removes every file. Whoever is told of the progress may call it: it is done when the call under
    /// way returns, which throws if it was to add something.
    /// </summary>
    public void Dispose()
    {
        if (_isInside) _endsWhenLeft = true;
        else GiveUp();
    }

    private void MakeRoom()
    {
        _isInside = true;
        try
        {
            _engine.MakeRoom();
        }
        finally
        {
            Leave();
        }

        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }

    private void Leave()
    {
        _isInside = false;
        if (_endsWhenLeft) GiveUp();
    }

    private void GiveUp()
    {
        _isOver = true;
        if (_isDisposed) return;
        _isDisposed = true;
        _result?.Dispose();
        _engine.Dispose();
    }

    private void RefuseOver()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        throw new InvalidOperationException("The input of the sort was ended: make another sorter.");
    }
}
