namespace Sluice.TempFiles;

/// <summary>
/// Reads a <see cref="BufFile"/> ahead of the consumer. How far ahead adapts: it doubles whenever the consumer had to wait, and falls
/// slowly
/// while it does not. Belongs to the flow that uses its context; reading allocates nothing.
/// </summary>
/// <remarks>
/// The file is seen in windows of one buffer's length; window w is in slot w modulo the depth. Windows [first, end) are read or on their
/// way,
/// and end - first never exceeds the depth.
/// </remarks>
public sealed unsafe class BufFileReader : IDisposable
{
    // Windows taken without waiting before one less is read ahead.
    private const int QuietWindows = 64;

    private readonly BufFileBuffers _buffers;
    private readonly long[] _lengths;
    private readonly int _bufferBytes;
    private readonly CancellationToken _cancellationToken;
    private long _first;
    private long _end;
    private long _position;
    private int _quiet;
    private int _cuts;
    private bool _isDisposed;

    /// <summary>Makes a reader.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="file">The file; what it reads must have been flushed by its writer.</param>
    /// <param name="offsetBytes">Where to begin.</param>
    /// <param name="bufferBytes">The size of each read; a multiple of 4096.</param>
    /// <param name="depth">How many buffers: the furthest it reads ahead.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public BufFileReader(AioContext context, BufFile file, long offsetBytes = 0, int bufferBytes = 256 << 10, int depth = 4,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        _buffers = new BufFileBuffers(context, bufferBytes, depth);
        _lengths = new long[depth];
        _bufferBytes = bufferBytes;
        _cancellationToken = cancellationToken;
        File = file;
        _cuts = file.Cuts;
        Distance = 1;
        _position = offsetBytes;
    }

    /// <summary>The file.</summary>
    public BufFile File { get; }

    /// <summary>Where the next byte comes from.</summary>
    public long Position => _position;

    /// <summary>
    /// Up to where it may read, for a file that is still written: beyond it writes may be on their way. No limit unless set.
    /// </summary>
    public long LimitBytes { get; set; } = long.MaxValue;

    /// <summary>How many buffers are kept read or on their way at the moment.</summary>
    public int Distance { get; private set; }

    /// <summary>How often the consumer had to wait.</summary>
    public long Stalls { get; private set; }

    /// <summary>Reads until the memory is full or the file ends.</summary>
    /// <param name="destination">The memory.</param>
    /// <returns>How many bytes; less than asked for only at the end.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public int Read(Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length)
        {
            ReadOnlySpan<byte> there = Peek();
            if (there.IsEmpty) break;
            int length = Math.Min(there.Length, destination.Length - total);
            there[..length].CopyTo(destination[total..]);
            Advance(length);
            total += length;
        }

        return total;
    }

    /// <summary>
    /// The bytes from the position on that are in one buffer, waiting for them if need be; empty at the end. Valid until the next call.
    /// Nothing of what was cut off the file is among them, though it had been read ahead.
    /// </summary>
    /// <exception cref="AioException">A read failed.</exception>
    public ReadOnlySpan<byte> Peek()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (File.Cuts != _cuts) ForgetAhead();
        long length = Math.Min(File.LengthBytes, LimitBytes);
        if (_position >= length) return default;
        long window = _position / _bufferBytes;
        if (window < _first || window >= _end) Restart(window);
        int slot = (int)(window % _buffers.Depth);
        long start = window * _bufferBytes;
        if (_position >= start + _lengths[slot])
        {
            // The file has grown since this window was read.
            Restart(window);
        }

        if (_buffers.Transfers[slot].IsPending) Arrive(slot);
        _first = window;
        ReadAhead();
        long end = Math.Min(start + _lengths[slot], length);
        return new ReadOnlySpan<byte>((byte*)_buffers.AddressOf(slot) + (_position - start), (int)(end - _position));
    }

    /// <summary>Passes over bytes.</summary>
    /// <param name="count">How many; at most what the last <see cref="Peek"/> gave.</param>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _position += count;
    }

    /// <summary>Goes elsewhere. What was read ahead is kept if the place is in it; else reading ahead begins anew.</summary>
    /// <param name="offsetBytes">Where the next byte shall come from.</param>
    public void Seek(long offsetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        _position = offsetBytes;
    }

    /// <summary>Waits for what is on its way and frees the buffers. Does not touch the file.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _buffers.Dispose();
    }

    // The file may have grown again since it was cut off: what is in the buffers may be neither what is there nor what was.
    private void ForgetAhead()
    {
        _cuts = File.Cuts;
        _buffers.Quiesce();
        _end = _first;
    }

    private void Restart(long window)
    {
        _buffers.Quiesce();
        bool isNext = window == _end && _end > _first;
        _first = window;
        _end = window;
        if (!isNext) Distance = 1;
        ReadAhead();
    }

    private void Arrive(int slot)
    {
        BufFileTransfer transfer = _buffers.Transfers[slot];
        if (!transfer.IsDone)
        {
            Stalls++;
            _quiet = 0;
            Distance = Math.Min(Distance * 2, _buffers.Depth);
        }
        else if (++_quiet >= QuietWindows && Distance > 2)
        {
            _quiet = 0;
            Distance--;
        }

        try
        {
            BufFile.WaitForRead(transfer, _cancellationToken);
        }
        catch
        {
            // Nothing was read: the window is asked for again when somebody comes back.
            _end = _first;
            throw;
        }
    }

    private void ReadAhead()
    {
        long length = Math.Min(File.LengthBytes, LimitBytes);
        int alignment = File.OffsetAlignmentBytes;
        while (_end < _first + Distance)
        {
            long start = _end * _bufferBytes;
            if (start >= length) break;
            int slot = (int)(_end % _buffers.Depth);
            long valid = Math.Min(_bufferBytes, length - start);
            _buffers.Transfers[slot].Quiesce();
            int rounded = (int)((valid + alignment - 1) / alignment * alignment);
            File.StartRead(_buffers.Transfers[slot], start, _buffers.AddressOf(slot), rounded);
            _lengths[slot] = valid;
            _end++;
        }
    }
}
