namespace Sluice.TempFiles;

/// <summary>
/// Writes a <see cref="BufFile"/> in order, behind the producer: a full buffer is on its way while the next is filled. At most as many
/// are on
/// their way as there are buffers. Belongs to the flow that uses its context; writing allocates nothing. After a write failed or was
/// cancelled it can only be disposed: what it had taken is not all in the file.
/// </summary>
public sealed unsafe class BufFileWriter : IDisposable
{
    private readonly AioContext _context;
    private readonly BufFileBuffers _buffers;
    private readonly int _bufferBytes;
    private readonly CancellationToken _cancellationToken;
    private int _slot;
    private long _slotStart;
    private long _dirtyFrom;
    private long _position;

    // Where the data ends when the padding of a direct write's last block is not counted.
    private long _dataEnd;
    private bool _hasFailed;
    private bool _isDisposed;

    /// <summary>Makes a writer.</summary>
    /// <param name="context">Through which it writes.</param>
    /// <param name="file">The file.</param>
    /// <param name="offsetBytes">Where to begin.</param>
    /// <param name="bufferBytes">The size of each write; a multiple of 4096.</param>
    /// <param name="depth">How many buffers.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public BufFileWriter(AioContext context, BufFile file, long offsetBytes = 0, int bufferBytes = 256 << 10, int depth = 4,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        _buffers = new BufFileBuffers(context, bufferBytes, depth);
        _bufferBytes = bufferBytes;
        _cancellationToken = cancellationToken;
        _context = context;
        File = file;
        try
        {
            Place(offsetBytes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public BufFile File { get; }

    /// <summary>Where the next byte goes.</summary>
    public long Position => _position;

    /// <summary>How often the producer had to wait for a buffer.</summary>
    public long Stalls { get; private set; }

    private byte* Address(long offset) => (byte*)_buffers.AddressOf(_slot) + (offset - _slotStart);

    /// <summary>Writes.</summary>
    /// <param name="data">The bytes; copied.</param>
    /// <exception cref="AioException">An earlier write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            Span<byte> room = GetSpan();
            int length = Math.Min(room.Length, data.Length);
            data[..length].CopyTo(room);
            Advance(length);
            data = data[length..];
        }
    }

    /// <summary>Room to write into without a copy; never empty. Say with <see cref="Advance"/> how much was used.</summary>
    public Span<byte> GetSpan()
    {
        RequireUsable();
        return new Span<byte>(Address(_position), (int)(_slotStart + _bufferBytes - _position));
    }

    /// <summary>Takes what was written into the room that <see cref="GetSpan"/> gave.</summary>
    /// <param name="count">How many bytes.</param>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (ulong)(_slotStart + _bufferBytes - _position), nameof(count));
        _position += count;
        if (_position != _slotStart + _bufferBytes) return;
        try
        {
            NextSlot();
        }
        catch
        {
            _hasFailed = true;
            throw;
        }
    }

    /// <summary>Writes what is in the buffer and waits until everything is in the file, readable by others. Not durable.</summary>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Flush()
    {
        RequireUsable();
        try
        {
            long padded = StartDirty();
            foreach (BufFileTransfer transfer in _buffers.Transfers) BufFile.WaitForWrite(transfer, _cancellationToken);
            if (padded > _position && File.LengthBytes == padded && _dataEnd < padded) File.Truncate(_dataEnd);
            _dirtyFrom = _position;
        }
        catch
        {
            _hasFailed = true;
            throw;
        }
    }

    /// <summary>Goes elsewhere, writing what is in the buffer first.</summary>
    /// <param name="offsetBytes">Where the next byte shall go.</param>
    public void Seek(long offsetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        if (offsetBytes == _position) return;
        Flush();
        try
        {
            Place(offsetBytes);
        }
        catch
        {
            _hasFailed = true;
            throw;
        }
    }

    /// <summary>Waits for what is on its way and frees the buffers. What was not flushed is dropped. Does not touch the file.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _buffers.Dispose();
    }

    private void RequireUsable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_hasFailed) throw new InvalidOperationException("A write failed or was cancelled before: what was written is not all there.");
    }

    private void Place(long offset)
    {
        long aligned = offset - (offset % File.OffsetAlignmentBytes);
        if (aligned != offset && File.LengthBytes > aligned)
        {
            // Direct writes are of whole blocks, so the beginning of this one is needed.
            File.StartRead(_buffers.Transfers[_slot], aligned, _buffers.AddressOf(_slot), File.OffsetAlignmentBytes);
            BufFile.WaitForRead(_buffers.Transfers[_slot], _cancellationToken);
        }
        else if (aligned != offset)
        {
            new Span<byte>((byte*)_buffers.AddressOf(_slot), File.OffsetAlignmentBytes).Clear();
        }

        _slotStart = aligned;
        _dirtyFrom = offset;
        _position = offset;
    }

    // Returns the end of what was written, padding included.
    private long StartDirty()
    {
        if (_position == _dirtyFrom) return _position;
        int alignment = File.OffsetAlignmentBytes;
        long start = _dirtyFrom - (_dirtyFrom % alignment);
        long end = (_position + alignment - 1) / alignment * alignment;
        if (end != _position)
        {
            _dataEnd = Math.Max(_position, File.LengthBytes);
            FillLastBlock(end);
        }

        BufFileTransfer transfer = _buffers.Transfers[_slot];
        File.StartWrite(transfer, start, (nint)Address(start), (int)(end - start));
        return end;
    }

    // A direct write covers the whole last block: what the file has there beyond the position must stay.
    private void FillLastBlock(long end)
    {
        long block = end - File.OffsetAlignmentBytes;
        Span<byte> rest = new(Address(_position), (int)(end - _position));
        if (File.LengthBytes <= _position)
        {
            rest.Clear();
            return;
        }

        using BufferArena arena = _context.System.CreateArena(File.OffsetAlignmentBytes, 1, register: false);
        using AioBuffer old = arena.Rent();
        BufFileTransfer transfer = new(_context);
        File.StartRead(transfer, block, old.Address, File.OffsetAlignmentBytes);
        BufFile.WaitForRead(transfer, _cancellationToken);
        old.Span[(int)(_position - block)..File.OffsetAlignmentBytes].CopyTo(rest);
    }

    private void NextSlot()
    {
        StartDirty();
        _slot = (_slot + 1) % _buffers.Depth;
        _slotStart = _position;
        _dirtyFrom = _position;
        if (!_buffers.Transfers[_slot].IsDone) Stalls++;
        BufFile.WaitForWrite(_buffers.Transfers[_slot], _cancellationToken);
    }
}
