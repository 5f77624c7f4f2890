namespace Sluice.TempFiles;

/// <summary>One place in a <see cref="TupleStore"/>, which goes both ways and can be marked. Belongs to the flow of its store.</summary>
public sealed unsafe class TupleStoreReader : IDisposable
{
    private const int Depth = 4;

    private readonly TupleStore _store;
    private BufFileReader? _reader;
    private byte[] _whole = [];
    private long _position;
    private long _mark = -1;
    private int _hint;
    private int _length = -1;
    private bool _isBehindLast;
    private bool _markIsBehindLast;
    private bool _isDisposed;

    internal TupleStoreReader(TupleStore store)
    {
        _store = store;
        _position = store.Start;
    }

    /// <summary>The record at hand; valid until the reader moves.</summary>
    public ReadOnlySpan<byte> Current => _length < 0 ? throw new InvalidOperationException("The reader is not at a record.")
        : _whole.AsSpan(0, _length);

    /// <summary>What of the stream this reader may still want.</summary>
    internal long NeededFrom => _mark >= 0 ? Math.Min(_mark, _position) : _position;

    /// <summary>Goes to the next record; at first to the first.</summary>
    /// <returns>False at the end; when records are added later they follow.</returns>
    /// <exception cref="AioException">It could not be read.</exception>
    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_position >= _store.End)
        {
            _isBehindLast = true;
            _length = -1;
            return false;
        }

        int length;
        Read(_position, new Span<byte>(&length, TupleStore.FrameBytes));
        Take(_position + TupleStore.FrameBytes, length);
        _position += length + (2L * TupleStore.FrameBytes);
        _isBehindLast = false;
        return true;
    }

    /// <summary>Goes to the record before the one at hand; from behind the last, to the last.</summary>
    /// <returns>False when there is none, or it was trimmed: then the next is the first that is there.</returns>
    /// <exception cref="AioException">It could not be read.</exception>
    public bool MovePrevious()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_isBehindLast && _position > _store.Start) StepBack();
        _isBehindLast = false;
        if (_position <= _store.Start)
        {
            _length = -1;
            return false;
        }

        long behind = _position;
        StepBack();
        long length = behind - _position - (2L * TupleStore.FrameBytes);
        Take(_position + TupleStore.FrameBytes, (int)length);
        _position = behind;
        return true;
    }

    /// <summary>Goes to the beginning of what is there.</summary>
    public void Rewind()
    {
        _position = _store.Start;
        _length = -1;
        _isBehindLast = false;
    }

    /// <summary>Remembers the place; trimming keeps what follows it.</summary>
    public void Mark()
    {
        _mark = _position;
        _markIsBehindLast = _isBehindLast;
    }

    /// <summary>Goes back to the place that was remembered: the next record is the one that was next then.</summary>
    public void Restore()
    {
        if (_mark < 0) throw new InvalidOperationException("No place was marked.");
        _position = _mark;
        _isBehindLast = _markIsBehindLast;
        _length = -1;
    }

    /// <summary>Frees what the reader needs.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _reader?.Dispose();
        _store.Forget(this);
    }

    private void StepBack()
    {
        int length;
        Read(_position - TupleStore.FrameBytes, new Span<byte>(&length, TupleStore.FrameBytes));
        _position -= length + (2L * TupleStore.FrameBytes);
    }

    private void Take(long position, int length)
    {
        if (length > _whole.Length) _whole = new byte[Math.Max(length, 2 * _whole.Length)];
        Read(position, _whole.AsSpan(0, length));
        _length = length;
    }

    private void Read(long position, Span<byte> destination)
    {
        if (destination.IsEmpty) return;
        ReadOnlySpan<byte> there = _store.InMemory(position, ref _hint);
        if (!there.IsEmpty)
        {
            there[..destination.Length].CopyTo(destination);
            return;
        }

        BufFileReader reader = _reader ??= new BufFileReader(_store.Context, _store.File!, 0, _store.BufferBytes, Depth,
            _store.CancellationToken);
        reader.LimitBytes = _store.ReadableTo(position + destination.Length - 1);
        reader.Seek(position - _store.FileBase);
        if (reader.Read(destination) != destination.Length) throw new InvalidOperationException(
            "The store is shorter than what was added to it.");
    }
}
