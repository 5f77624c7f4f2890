namespace Sluice.TempFiles;

/// <summary>A place in a tuple store from which records are read. Belongs to the flow that uses the store.</summary>
/// <typeparam name="T">The records. One that looks at bytes where they are is valid until the next call to the store or a reader of
/// it.</typeparam>
public sealed class TupleStoreReader<T> : IDisposable
    where T : allows ref struct
{
    private readonly TupleStore<T> _store;
    private bool _isDisposed;

    internal TupleStoreReader(TupleStore<T> store, long position, long number)
    {
        _store = store;
        Window.Position = position;
        Number = number;
    }

    /// <summary>How many records are before it.</summary>
    public long Number { get; private set; }

    internal TupleWindow Window { get; } = new();

    internal long Position => Window.Position;

    /// <summary>Reads the next record.</summary>
    /// <param name="value">The record.</param>
    /// <returns>False at the end; more may be added later.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public bool TryRead(out T value)
    {
        RequireOpen();
        if (Position == _store.LengthInBytes)
        {
            value = default!;
            return false;
        }

        value = _store.Read(Window, Position, out long next);
        Window.Position = next;
        Number++;
        return true;
    }

    /// <summary>Reads the record before, and goes there.</summary>
    /// <param name="value">The record.</param>
    /// <returns>False at the beginning, or at what was trimmed.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public bool TryReadBack(out T value)
    {
        RequireOpen();
        if (Position == 0 || _store.IsTrimmedTo(Position))
        {
            value = default!;
            return false;
        }

        value = _store.ReadBack(Window, Position, out long previous);
        Window.Position = previous;
        Number--;
        return true;
    }

    /// <summary>Passes over records.</summary>
    /// <param name="count">How many; negative to go back.</param>
    /// <returns>How many there were, with the sign of the argument: less at an end.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public long Skip(long count)
    {
        RequireOpen();
        long passed = 0;
        for (; passed < count && Position != _store.LengthInBytes; passed++, Number++) Window.Position = _store.Pass(Window, Position);
        for (; passed > count && Position != 0 && !_store.IsTrimmedTo(Position); passed--, Number--)
        {
            Window.Position = _store.PassBack(Window, Position);
        }

        return passed;
    }

    /// <summary>Goes to the first record.</summary>
    /// <exception cref="InvalidOperationException">It was trimmed.</exception>
    public void Rewind() => Restore(default);

    /// <summary>Goes behind the last record.</summary>
    public void SeekToEnd()
    {
        RequireOpen();
        Window.Position = _store.LengthInBytes;
        Number = _store.Count;
    }

    /// <summary>The place where it is, to come back to.</summary>
    public TupleStoreMark Mark() => new(Position, Number);

    /// <summary>Goes to a place.</summary>
    /// <param name="mark">What a reader of the same store gave.</param>
    /// <exception cref="InvalidOperationException">The records there were trimmed.</exception>
    public void Restore(TupleStoreMark mark)
    {
        RequireOpen();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mark.Position, _store.LengthInBytes, nameof(mark));
        _store.RequireKept(mark.Position);
        Window.Position = mark.Position;
        Number = mark.Number;
    }

    /// <summary>Makes another reader at the same place.</summary>
    public TupleStoreReader<T> Copy()
    {
        RequireOpen();
        return _store.Add(new TupleStoreReader<T>(_store, Position, Number));
    }

    /// <summary>Ends it: what only it would have read can be trimmed.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _store.Remove(this);
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _store.RequireOpen();
    }
}
