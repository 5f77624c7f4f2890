namespace Sluice.TempFiles;

/// <summary>
/// Keeps records in the order in which they were added, to be read any number of times: in memory up to a budget, then in a temporary
/// file, written
/// behind and read ahead. Records can be added while it is read. Belongs, with its readers, to one flow at a time; blocks.
/// </summary>
/// <remarks>
/// Records form a stream: the length, the bytes, the length again, so that it can be read both ways. A place in the stream means the same
/// in memory
/// and in the file, so readers go on where they were when the store spills. Where nobody will read again, <see cref="Trim"/> frees memory
/// and file.
/// </remarks>
public sealed unsafe class TupleStore : IDisposable
{
    internal const int FrameBytes = sizeof(int);
    private const int ChunksPerBudget = 16;
    private const int ChunkBytesMax = 1 << 20;
    private const int BufferBytesMax = 256 << 10;

    private readonly TempSpace _space;
    private readonly TempOwner _owner;
    private readonly TupleStoreOptions _options;
    private readonly CancellationToken _cancellationToken;
    private readonly List<TupleChunk> _chunks = [];
    private readonly List<TupleStoreReader> _readers = [];
    private readonly long _chunkBytes;
    private long _memoryBytes;
    private BufFileWriter? _writer;
    private long _flushed;
    private bool _isDisposed;

    /// <summary>Makes an empty store.</summary>
    /// <param name="space">Where it spills to.</param>
    /// <param name="context">Through which it reads and writes; the caller's, and outlives the store.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="name">A name for people: it stands in errors.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public TupleStore(TempSpace space, AioContext context, TupleStoreOptions? options = null, string name = "tuple store",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(context);
        _options = options ?? new TupleStoreOptions();
        IReadOnlyList<string> mistakes = _options.Validate();
        if (mistakes.Count != 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
        _space = space;
        Context = context;
        _owner = space.CreateOwner(name);
        _cancellationToken = cancellationToken;
        _chunkBytes = Math.Clamp(_options.MemoryBytes / ChunksPerBudget / 4096 * 4096, 4096, ChunkBytesMax);
        BufferBytes = (int)Math.Clamp(_options.MemoryBytes / ChunksPerBudget / 4096 * 4096, 4096, BufferBytesMax);
    }

    /// <summary>How many records were added.</summary>
    public long Count { get; private set; }

    /// <summary>Whether records are in a file.</summary>
    public bool HasSpilled => _writer is not null;

    /// <summary>
    /// How much memory its records, or its buffers for writing, have. Each reader has up to four buffers more when it has spilled.
    /// </summary>
    public long MemoryBytes => _writer is null ? _memoryBytes : 2L * BufferBytes;

    internal AioContext Context { get; }

    internal int BufferBytes { get; }

    internal CancellationToken CancellationToken => _cancellationToken;

    /// <summary>The end of the stream.</summary>
    internal long End { get; private set; }

    /// <summary>Where what was not trimmed begins.</summary>
    internal long Start { get; private set; }

    /// <summary>Where the file's first byte is in the stream.</summary>
    internal long FileBase { get; private set; }

    internal BufFile? File { get; private set; }

    /// <summary>Adds a record at the end.</summary>
    /// <param name="record">Its bytes; copied.</param>
    /// <exception cref="AioException">It could not be written.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Add(ReadOnlySpan<byte> record)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long frame = record.Length + (2L * FrameBytes);
        if (_writer is null && !TryMakeRoom(frame)) Spill();
        int length = record.Length;
        ReadOnlySpan<byte> header = new(&length, FrameBytes);
        if (_writer is null)
        {
            TupleChunk chunk = _chunks[^1];
            Span<byte> place = new(chunk.Memory.Address + chunk.Length, (int)frame);
            header.CopyTo(place);
            record.CopyTo(place[FrameBytes..]);
            header.CopyTo(place[(FrameBytes + length)..]);
            chunk.Length += (int)frame;
        }
        else
        {
            _writer.Write(header);
            _writer.Write(record);
            _writer.Write(header);
        }

        End += frame;
        Count++;
    }

    /// <summary>Makes a reader at the beginning of what is there.</summary>
    /// <returns>The reader; disposed with the store at the latest.</returns>
    public TupleStoreReader CreateReader()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        TupleStoreReader reader = new(this);
        _readers.Add(reader);
        return reader;
    }

    /// <summary>Frees what is before the places and marks of all readers: they can no longer go back behind it.</summary>
    public void Trim()
    {
        long needed = _readers.Count == 0 ? End : _readers.Min(static reader => reader.NeededFrom);
        Start = Math.Max(Start, needed);
        int gone = 0;
        while (gone < _chunks.Count - 1 && _chunks[gone].End <= Start)
        {
            _memoryBytes -= _chunks[gone].Memory.LengthBytes;
            _chunks[gone++].Dispose();
        }

        _chunks.RemoveRange(0, gone);
        // Readers read whole buffers.
        if (File is not null && Start > FileBase) File.DropBefore((Start - FileBase) / BufferBytes * BufferBytes);
    }

    /// <summary>Waits for what is on its way, and removes records and file.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        while (_readers.Count > 0) _readers[^1].Dispose();
        _writer?.Dispose();
        File?.Dispose();
        foreach (TupleChunk chunk in _chunks) chunk.Dispose();
        _chunks.Clear();
    }

    internal void Forget(TupleStoreReader reader) => _readers.Remove(reader);

    /// <summary>The memory from a place in the stream on; empty when it is in the file, or at the end.</summary>
    internal ReadOnlySpan<byte> InMemory(long position, ref int hint)
    {
        if (hint < _chunks.Count && IsIn(_chunks[hint], position)) return SpanOf(_chunks[hint], position);
        int low = 0;
        int high = _chunks.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (IsIn(_chunks[middle], position))
            {
                hint = middle;
                return SpanOf(_chunks[middle], position);
            }

            if (position < _chunks[middle].Start) high = middle - 1;
            else low = middle + 1;
        }

        return default;
    }

    /// <summary>Up to where the file can be read; with more to come, everything that was added is made readable first.</summary>
    internal long ReadableTo(long position)
    {
        if (position >= _flushed && _writer is not null)
        {
            _writer.Flush();
            _flushed = End;
        }

        return _flushed - FileBase;
    }

    private static bool IsIn(TupleChunk chunk, long position) => position >= chunk.Start && position < chunk.End;

    private static ReadOnlySpan<byte> SpanOf(TupleChunk chunk, long position) =>
        new(chunk.Memory.Address + (position - chunk.Start), (int)(chunk.End - position));

    private bool TryMakeRoom(long frame)
    {
        if (_chunks.Count > 0 && _chunks[^1].Memory.LengthBytes - _chunks[^1].Length >= frame) return true;
        long bytes = Math.Max(_chunkBytes, frame);
        if (_memoryBytes + bytes > _options.MemoryBytes) return false;
        _chunks.Add(new TupleChunk(End, bytes));
        _memoryBytes += bytes;
        return true;
    }

    private void Spill()
    {
        File = _space.CreateFile(_owner);
        FileBase = _chunks.Count == 0 ? End : _chunks[0].Start;
        BufFileWriter writer = new(Context, File, 0, BufferBytes, 2, _cancellationToken);
        try
        {
            // Each chunk is freed when it was written, so that memory and buffers are never there together.
            while (_chunks.Count > 0)
            {
                TupleChunk chunk = _chunks[0];
                writer.Write(new ReadOnlySpan<byte>(chunk.Memory.Address, chunk.Length));
                _chunks.RemoveAt(0);
                _memoryBytes -= chunk.Memory.LengthBytes;
                chunk.Dispose();
            }
        }
        catch
        {
            writer.Dispose();
            throw;
        }

        _writer = writer;
        _flushed = FileBase;
    }
}
