using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Records in the order in which they were added, to be read any number of times from several places, forwards and backwards, also
/// while more are added. What its memory has no room for goes to a temporary file behind the producer and is read ahead of its readers.
/// </summary>
/// <remarks>
/// A record is its length, its bytes, and its length again, so that it can be read from either side. Belongs with its readers to the
/// flow that uses its context, and blocks for I/O. After an exception, its own or one of the codec, everything is removed and only
/// <see cref="Dispose"/> may be called. Adding and reading allocate nothing per record.
/// </remarks>
/// <typeparam name="T">The records.</typeparam>
public sealed unsafe class TupleStore<T> : IDisposable
    where T : allows ref struct
{
    private const int LengthBytes = sizeof(int);

    private readonly ITempCodec<T> _codec;
    private readonly TupleBlocks _blocks;
    private readonly NativeScratch _writeScratch = new();
    private readonly NativeScratch _readScratch = new();
    private readonly List<TupleStoreReader<T>> _readers = [];
    private readonly int _blockBytes;
    private byte* _cursor;
    private byte* _end;
    private long _trimmedTo;
    private long _trimmedNumber;
    private bool _isEnded;

    /// <summary>Makes an empty store.</summary>
    /// <param name="context">Through which it does I/O.</param>
    /// <param name="owner">To whom its temporary file is accounted.</param>
    /// <param name="codec">Turns records into bytes and back.</param>
    /// <param name="options">How much memory; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public TupleStore(
        AioContext context, TempOwner owner, ITempCodec<T> codec, TupleStoreOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(codec);
        _codec = codec;
        _blocks = new TupleBlocks(context, owner, options ?? new TupleStoreOptions(), cancellationToken);
        _blockBytes = _blocks.BlockBytes;
    }

    /// <summary>How many records were added.</summary>
    public long Count { get; private set; }

    /// <summary>How many bytes they take, trimmed ones among them.</summary>
    public long LengthInBytes { get; private set; }

    /// <summary>What it has done so far.</summary>
    public TupleStoreStatistics Statistics => _blocks.Statistics;

    /// <summary>How many blocks of the temporary file have records now.</summary>
    internal long FileBlocksInUse => _blocks.FileBlocksInUse;

    /// <summary>Adds a record at the end.</summary>
    /// <param name="value">The record.</param>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void Add(in T value)
    {
        RequireOpen();
        try
        {
            ReadOnlySpan<byte> record = _writeScratch.Encode(_codec, value);
            int length = record.Length;
            byte* cursor = _cursor;
            if (_end - cursor >= length + (2 * LengthBytes))
            {
                Unsafe.WriteUnaligned(cursor, length);
                record.CopyTo(new Span<byte>(cursor + LengthBytes, length));
                Unsafe.WriteUnaligned(cursor + LengthBytes + length, length);
                _cursor = cursor + length + (2 * LengthBytes);
            }
            else
            {
                ReadOnlySpan<byte> lengthBytes = new(&length, LengthBytes);
                Append(lengthBytes);
                Append(record);
                Append(lengthBytes);
            }

            LengthInBytes += length + (2 * LengthBytes);
            Count++;
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Makes a reader at the first record that was not trimmed.</summary>
    public TupleStoreReader<T> CreateReader()
    {
        RequireOpen();
        return Add(new TupleStoreReader<T>(this, _trimmedTo, _trimmedNumber));
    }

    /// <summary>
    /// Forgets the records that every reader has passed, and gives back what they took. Does nothing while there is no reader.
    /// </summary>
    /// <exception cref="AioException">A read or write failed.</exception>
    public void Trim()
    {
        RequireOpen();
        if (_readers.Count == 0) return;
        TupleStoreMark first = _readers[0].Mark();
        foreach (TupleStoreReader<T> reader in _readers)
        {
            if (reader.Position < first.Position) first = reader.Mark();
        }

        if (first.Position <= _trimmedTo) return;
        try
        {
            _trimmedTo = first.Position;
            _trimmedNumber = first.Number;
            _blocks.Trim(_trimmedTo / _blockBytes);
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Waits for I/O on its way, removes the file and frees the memory. The readers can do nothing more.</summary>
    public void Dispose() => End();

    internal TupleStoreReader<T> Add(TupleStoreReader<T> reader)
    {
        _readers.Add(reader);
        _blocks.Add(reader.Window);
        return reader;
    }

    internal void Remove(TupleStoreReader<T> reader)
    {
        _readers.Remove(reader);
        _blocks.Remove(reader.Window);
    }

    internal void RequireOpen() => ObjectDisposedException.ThrowIf(_isEnded, this);

    internal void RequireKept(long position)
    {
        if (position < _trimmedTo)
        {
            throw new InvalidOperationException("The records there were trimmed: trim only when nobody comes back.");
        }
    }

    internal bool IsTrimmedTo(long position) => position == _trimmedTo;

    /// <summary>Decodes the record that begins at a position.</summary>
    internal T Read(TupleWindow window, long position, out long next)
    {
        try
        {
            int length = LengthAt(window, position, direction: 1);
            next = position + length + (2 * LengthBytes);
            return _codec.Decode(BytesAt(window, position + LengthBytes, length, direction: 1));
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Decodes the record that ends at a position.</summary>
    internal T ReadBack(TupleWindow window, long position, out long previous)
    {
        try
        {
            int length = LengthAt(window, position - LengthBytes, direction: -1);
            previous = position - length - (2 * LengthBytes);
            return _codec.Decode(BytesAt(window, previous + LengthBytes, length, direction: -1));
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Where the record at a position ends.</summary>
    internal long Pass(TupleWindow window, long position)
    {
        try
        {
            return position + LengthAt(window, position, direction: 1) + (2 * LengthBytes);
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Where the record before a position begins.</summary>
    internal long PassBack(TupleWindow window, long position)
    {
        try
        {
            return position - LengthAt(window, position - LengthBytes, direction: -1) - (2 * LengthBytes);
        }
        catch
        {
            End();
            throw;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_cursor == _end)
            {
                _cursor = _blocks.Append();
                _end = _cursor + _blockBytes;
            }

            int length = (int)Math.Min(bytes.Length, _end - _cursor);
            bytes[..length].CopyTo(new Span<byte>(_cursor, length));
            _cursor += length;
            bytes = bytes[length..];
        }
    }

    private int LengthAt(TupleWindow window, long position, int direction) =>
        Unsafe.ReadUnaligned<int>(in BytesAt(window, position, LengthBytes, direction)[0]);

    private ReadOnlySpan<byte> BytesAt(TupleWindow window, long position, int length, int direction)
    {
        long block = position / _blockBytes;
        int inside = (int)(position - (block * _blockBytes));
        if (length == 0) return default;
        if (inside + length <= _blockBytes) return new ReadOnlySpan<byte>(_blocks.Get(block, window, direction) + inside, length);

        // In pieces, the nearest first.
        Span<byte> whole = _readScratch.Get(length);
        if (direction > 0)
        {
            for (int at = 0; at < length; inside = 0, block++)
            {
                int count = Math.Min(length - at, _blockBytes - inside);
                new ReadOnlySpan<byte>(_blocks.Get(block, window, direction) + inside, count).CopyTo(whole[at..]);
                at += count;
            }

            return whole;
        }

        long last = (position + length - 1) / _blockBytes;
        for (int to = length; to > 0; last--)
        {
            int from = (int)Math.Max(0, (last * _blockBytes) - position);
            int begin = (int)(position + from - (last * _blockBytes));
            new ReadOnlySpan<byte>(_blocks.Get(last, window, direction) + begin, to - from).CopyTo(whole[from..]);
            to = from;
        }

        return whole;
    }

    private void End()
    {
        if (_isEnded) return;
        _isEnded = true;
        _blocks.Dispose();
        _writeScratch.Dispose();
        _readScratch.Dispose();
    }
}
