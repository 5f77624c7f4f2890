namespace Sluice.TempFiles;

/// <summary>Writes records to a <see cref="SharedTupleStore"/>, behind the producer. Belongs to one flow.</summary>
public sealed unsafe class SharedTupleWriter : IDisposable
{
    private const int Depth = 4;

    private readonly SharedTupleStore _store;
    private readonly BufFileWriter _writer;
    private readonly List<SharedTupleBlock> _blocks = [];
    private long _blockStart;
    private bool _isFinished;

    internal SharedTupleWriter(SharedTupleStore store, AioContext context, BufFile file, CancellationToken cancellationToken)
    {
        _store = store;
        _writer = new BufFileWriter(context, file, 0, store.BlockBytes, Depth, cancellationToken);
    }

    /// <summary>How many records were written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes a record.</summary>
    /// <param name="record">Its bytes; copied.</param>
    /// <exception cref="AioException">An earlier write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (_isFinished) throw new InvalidOperationException("The writer has finished.");
        int header = RecordFrame.HeaderBytes(record.Length);
        long used = _writer.Position - _blockStart;
        if (used > 0 && used + header + record.Length > _store.BlockBytes) EndBlock();
        byte* frame = stackalloc byte[RecordFrame.HeaderBytesMax];
        RecordFrame.WriteHeader(frame, record.Length);
        _writer.Write(new ReadOnlySpan<byte>(frame, header));
        _writer.Write(record);
        Count++;
    }

    /// <summary>Ends writing: what was written can be read when all writers have finished.</summary>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Finish()
    {
        if (_isFinished) return;
        EndBlock();
        _writer.Flush();
        _isFinished = true;
        _store.Publish(_blocks);
    }

    /// <summary>Waits for what is on its way. A writer that has not finished gives up what it wrote.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        if (_isFinished) return;
        _isFinished = true;
        _store.Publish([]);
    }

    // Blocks begin where direct I/O can, so that each is one read.
    private void EndBlock()
    {
        int used = checked((int)(_writer.Position - _blockStart));
        if (used == 0) return;
        _blocks.Add(new SharedTupleBlock(_writer.File, _blockStart, used));
        int rest = (BufFile.AlignmentBytes - (used % BufFile.AlignmentBytes)) % BufFile.AlignmentBytes;
        while (rest > 0)
        {
            int part = Math.Min(rest, _writer.GetSpan().Length);
            _writer.GetSpan()[..part].Clear();
            _writer.Advance(part);
            rest -= part;
        }

        _blockStart = _writer.Position;
    }
}
