namespace Sluice.TempFiles;

/// <summary>
/// The result of a sort, one value at a time. With <see cref="ExternalSortOptions.HasRandomAccess"/> also backwards, again, and from a
/// mark. Belongs
/// to one flow at a time; disposed with its sorter at the latest.
/// </summary>
/// <typeparam name="T">The values; may be a ref struct that looks at the bytes where they are.</typeparam>
public sealed unsafe class SortedRecords<T> : IDisposable
    where T : allows ref struct
{
    private const int RecordsPerReport = 65536;
    private const int FrameBytes = sizeof(int);

    private readonly RecordSorter _engine;
    private readonly ITempCodec<T> _codec;
    private readonly ExternalSortOptions _options;
    private readonly Action _giveUp;
    private RecordSource? _source;
    private LogicalTapeReader? _reader;
    private byte[] _whole = [];
    private byte* _record;
    private int _length;
    private long _mark;
    private long _markPosition;
    private bool _markIsBehindLast;
    private bool _isBehindLast;
    private long _next;
    private bool _isInMemory;
    private bool _isDisposed;

    private SortedRecords(RecordSorter engine, ITempCodec<T> codec, ExternalSortOptions options, Action giveUp)
    {
        _engine = engine;
        _codec = codec;
        _options = options;
        _giveUp = giveUp;
    }

    /// <summary>The value at hand. Decoded anew each time; one that looks at the bytes is valid until the next move.</summary>
    public T Current
    {
        get
        {
            try
            {
                return _codec.Decode(CurrentRecord);
            }
            catch
            {
                _giveUp();
                throw;
            }
        }
    }

    /// <summary>The record at hand, as the codec wrote it; valid until the next move.</summary>
    public ReadOnlySpan<byte> CurrentRecord
    {
        get
        {
            // What was given up is no memory of ours any more.
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _reader is not null ? _whole.AsSpan(0, _length) : new ReadOnlySpan<byte>(_record, _length);
        }
    }

    /// <summary>How many values have been given.</summary>
    public long Position { get; private set; }

    internal static SortedRecords<T> Open(RecordSorter engine, ITempCodec<T> codec, ExternalSortOptions options, Action giveUp)
    {
        SortedRecords<T> result = new(engine, codec, options, giveUp);
        RecordSource source = engine.Finish();
        try
        {
            result.Take(source);
            return result;
        }
        catch
        {
            source.Dispose();
            result.Dispose();
            throw;
        }
    }

    /// <summary>Goes to the next value; at first to the first.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="AioException">A run could not be read.</exception>
    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            return _source is not null ? MoveForwards(_source) : _isInMemory ? MoveInMemory() : ReadNext();
        }
        catch
        {
            _giveUp();
            throw;
        }
    }

    /// <summary>Goes to the value before the one at hand; from behind the last, to the last. Needs random access.</summary>
    /// <returns>False when there is none: then the next is the first.</returns>
    /// <exception cref="AioException">The result could not be read.</exception>
    public bool MovePrevious()
    {
        RequireRandomAccess();
        if (_isInMemory)
        {
            // Between records: _next is the one after the one at hand.
            if (_next <= 1)
            {
                _next = 0;
                Position = 0;
                return false;
            }

            _next -= 2;
            Position = _next;
            return MoveInMemory();
        }

        try
        {
            return ReadPrevious();
        }
        catch
        {
            _giveUp();
            throw;
        }
    }

    /// <summary>Remembers the place. Needs random access.</summary>
    public void Mark()
    {
        RequireRandomAccess();
        _mark = _isInMemory ? _next : _reader!.Position;
        _markPosition = Position;
        _markIsBehindLast = _isBehindLast;
    }

    /// <summary>
    /// Goes back to the place that was remembered, or to the beginning: the next value is the one that was next then. Needs random
    /// access.
    /// </summary>
    public void Restore()
    {
        RequireRandomAccess();
        if (_isInMemory) _next = _mark;
        else Seek(_mark);
        Position = _markPosition;
        _isBehindLast = _markIsBehindLast;
    }

    /// <summary>Goes to the beginning. Needs random access.</summary>
    public void Rewind()
    {
        RequireRandomAccess();
        _next = 0;
        if (_reader is not null) Seek(0);
        Position = 0;
        _isBehindLast = false;
    }

    /// <summary>Frees what reading needs.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _source?.Dispose();
        _reader?.Dispose();
    }

    private void Take(RecordSource source)
    {
        if (!_options.HasRandomAccess)
        {
            _source = source;
            return;
        }

        if (_engine.TryOpenInMemory() is not null)
        {
            source.Dispose();
            _isInMemory = true;
            return;
        }

        Materialize(source);
    }

    // Each record stands between its lengths, so that the tape can be read both ways.
    private void Materialize(RecordSource source)
    {
        SortShared shared = _engine.Shared;
        LogicalTape tape = shared.Tapes.CreateTape();
        shared.CountMemory((long)shared.Plan.WriterBuffers * shared.Plan.BlockBytes);
        using (LogicalTapeWriter writer = new(_engine.Context, shared.Tapes, shared.Plan.WriterBuffers, shared.CancellationToken))
        {
            writer.Begin(tape);
            long count = 0;
            while (source.MoveNext())
            {
                int length = source.Length;
                writer.Write(new ReadOnlySpan<byte>(&length, FrameBytes));
                writer.Write(new ReadOnlySpan<byte>(source.Record, length));
                writer.Write(new ReadOnlySpan<byte>(&length, FrameBytes));
                if (++count % RecordsPerReport != 0) continue;
                shared.CancellationToken.ThrowIfCancellationRequested();
                ReportMerged(_engine.RecordsMerged + count);
            }

            writer.Finish();
            ReportMerged(_engine.RecordsToMerge);
        }

        shared.CountMemory(-(long)shared.Plan.WriterBuffers * shared.Plan.BlockBytes);
        source.Dispose();
        tape.Freeze();
        _reader = new LogicalTapeReader(_engine.Context, tape, Math.Min(shared.Plan.MergeBuffers, 16), shared.CancellationToken);
    }

    private void ReportMerged(long records) => _options.Progress?.Report(
        new SortProgress(SortPhase.Merging, records, _engine.RecordsToMerge, _engine.Shared.SpilledBytes));

    private bool MoveForwards(RecordSource source)
    {
        if (!source.MoveNext()) return false;
        _record = source.Record;
        _length = source.Length;
        if (++Position % RecordsPerReport == 0)
        {
            _engine.Shared.CancellationToken.ThrowIfCancellationRequested();
            _options.Progress?.Report(new SortProgress(SortPhase.Reading, Position, _engine.Records, _engine.Shared.SpilledBytes));
        }

        return true;
    }

    private bool MoveInMemory()
    {
        int count = _engine.InMemoryCount;
        if (_next >= count)
        {
            _next = count + 1;
            return false;
        }

        ReadOnlySpan<byte> record = _engine.InMemoryRecord((int)_next++);
        fixed (byte* at = record) _record = at;
        _length = record.Length;
        Position = _next;
        return true;
    }

    private bool ReadNext()
    {
        int length;
        if (_reader!.Read(new Span<byte>(&length, FrameBytes)) == 0)
        {
            _isBehindLast = true;
            return false;
        }

        ReadRecord(length);
        _reader.Seek(_reader.Position + FrameBytes);
        Position++;
        return true;
    }

    private bool ReadPrevious()
    {
        // The reader stands behind the record at hand, or behind the last and past it.
        int length;
        LogicalTapeReader reader = _reader!;
        if (!_isBehindLast && reader.Position > 0)
        {
            StepBack(out length);
            Position--;
        }

        _isBehindLast = false;
        if (reader.Position == 0) return false;
        StepBack(out length);
        long start = reader.Position;
        reader.Seek(start + FrameBytes);
        ReadRecord(length);
        reader.Seek(reader.Position + FrameBytes);
        return true;
    }

    private void Seek(long position)
    {
        try
        {
            _reader!.Seek(position);
        }
        catch
        {
            _giveUp();
            throw;
        }
    }

    private void StepBack(out int length)
    {
        LogicalTapeReader reader = _reader!;
        reader.Backspace(FrameBytes);
        int found;
        reader.Read(new Span<byte>(&found, FrameBytes));
        length = found;
        reader.Backspace((2L * FrameBytes) + length);
    }

    private void ReadRecord(int length)
    {
        if (length > _whole.Length) _whole = new byte[Math.Max(length, 2 * _whole.Length)];
        _reader!.Read(_whole.AsSpan(0, length));
        _length = length;
    }

    private void RequireRandomAccess()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_source is not null) throw new InvalidOperationException("The sort was made for one pass: set HasRandomAccess in its options.");
    }
}
