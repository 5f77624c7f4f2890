using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// A temporary file that may exceed the longest physical file: pieces of one size, spread over the directories of its
/// <see cref="TempSpace"/>. Reads and writes are started on reusable transfers and waited for later. Never made durable.
/// </summary>
/// <remarks>
/// <para>Participants share one object: any thread may start I/O, each through transfers of its own context. Nobody may read what nobody
/// has
/// finished writing, and two may not write the same bytes at once; whoever shares the file says who owns which part.</para>
/// <para>Pieces are opened by the first write that reaches them, under the lock, and read without it: the array is replaced, never
/// changed.</para>
/// <para>With direct I/O offsets, lengths and memory must be multiples of <see cref="AlignmentBytes"/>; the reader and the writer see to
/// it. Then pieces are also longer than what was written, see BufFile.Allocation.cs.</para>
/// </remarks>
public sealed partial class BufFile : IDisposable
{
    /// <summary>What offsets, lengths and memory must be multiples of when the space is direct.</summary>
    public const int AlignmentBytes = 4096;

    private readonly Lock _lock = new();
    private TempPiece?[] _pieces = [];
    private long _lengthBytes;
    private long _droppedBytes;
    private int _references = 1;
    private int _cuts;
    private bool _isClosed;

    internal BufFile(TempOwner owner)
    {
        Owner = owner;
        PieceBytes = owner.Space.Options.PieceBytes;
        OffsetAlignmentBytes = owner.Space.Options.Direct ? AlignmentBytes : 1;
        VectorsMax = Math.Max(1, owner.Space.System.Options.VectorsPerHandle);
        _allocatedBytes = IsDirect ? 0 : long.MaxValue;
        Number = BufFileTarget.Register(this);
    }

    /// <summary>For whom it is.</summary>
    public TempOwner Owner { get; }

    /// <summary>The end of the furthest write that was started, or of the last truncation.</summary>
    public long LengthBytes => Volatile.Read(ref _lengthBytes);

    /// <summary>How many physical files it has now.</summary>
    public int PieceCount => Volatile.Read(ref _pieces).Count(static piece => piece is not null);

    /// <summary>How often something was cut off: what a reader had read before may be what was cut.</summary>
    internal int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Its number in this process, for descriptions.</summary>
    internal int Number { get; }

    internal long PieceBytes { get; }

    /// <summary>What offsets and lengths must be multiples of: 1, or a block when direct.</summary>
    internal int OffsetAlignmentBytes { get; }

    /// <summary>The most vectors of one I/O.</summary>
    internal int VectorsMax { get; }

    internal bool IsDirect => OffsetAlignmentBytes != 1;

    /// <summary>Starts a read. The memory belongs to the I/O until <see cref="WaitForRead"/> has returned.</summary>
    /// <param name="transfer">The transfer; not pending.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="vectors">The memory, in order of the file.</param>
    /// <exception cref="AioException">The range was never written.</exception>
    public void StartRead(BufFileTransfer transfer, long offsetBytes, ReadOnlySpan<IoVector> vectors)
    {
        long end = offsetBytes + Check(transfer, offsetBytes, vectors);

        // What was only allocated reads as zeros, so the system would not tell.
        if (IsDirect && end > RoundUp(LengthBytes)) RefuseUnwritten((int)((end - 1) / PieceBytes));
        transfer.Prepare(this, isWrite: false, offsetBytes, vectors);
        transfer.Start();
    }

    /// <summary>As the other overload, into one piece of memory.</summary>
    /// <param name="transfer">The transfer; not pending.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="address">The memory.</param>
    /// <param name="lengthBytes">How much.</param>
    public void StartRead(BufFileTransfer transfer, long offsetBytes, nint address, int lengthBytes) =>
        StartRead(transfer, offsetBytes, [new IoVector(address, (nuint)lengthBytes)]);

    /// <summary>
    /// Starts a write; the file grows if it must. The memory belongs to the I/O until <see cref="WaitForWrite"/> has returned.
    /// </summary>
    /// <param name="transfer">The transfer; not pending.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="vectors">The memory, in order of the file.</param>
    /// <exception cref="TempSpaceFullException">The quota is reached.</exception>
    public void StartWrite(BufFileTransfer transfer, long offsetBytes, ReadOnlySpan<IoVector> vectors)
    {
        long length = Check(transfer, offsetBytes, vectors);
        long end = offsetBytes + length;
        Grow(end);
        if (end > Volatile.Read(ref _allocatedBytes)) AllocateAhead(transfer, end);
        transfer.Prepare(this, isWrite: true, offsetBytes, vectors);
        transfer.Start();
    }

    /// <summary>As the other overload, from one piece of memory.</summary>
    /// <param name="transfer">The transfer; not pending.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="address">The memory.</param>
    /// <param name="lengthBytes">How much.</param>
    public void StartWrite(BufFileTransfer transfer, long offsetBytes, nint address, int lengthBytes) =>
        StartWrite(transfer, offsetBytes, [new IoVector(address, (nuint)lengthBytes)]);

    /// <summary>Waits for a read to its end, short reads continued. Returns at once when nothing is pending.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <param name="cancellationToken">Ends the wait; the memory is given back when the I/O is over, which this still waits for.</param>
    /// <exception cref="AioException">The read failed.</exception>
    public static void WaitForRead(BufFileTransfer transfer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        transfer.Finish(cancellationToken);
    }

    /// <summary>Waits for a write to its end, short writes continued. Returns at once when nothing is pending.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <param name="cancellationToken">Ends the wait; the memory is given back when the I/O is over, which this still waits for.</param>
    /// <exception cref="AioException">The write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public static void WaitForWrite(BufFileTransfer transfer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        transfer.Finish(cancellationToken);
    }

    /// <summary>As <see cref="WaitForRead"/> and <see cref="WaitForWrite"/>, without blocking.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <param name="cancellationToken">Ends the wait; the memory is given back when the I/O is over, which this still waits for.</param>
    public static ValueTask WaitAsync(BufFileTransfer transfer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return transfer.FinishAsync(cancellationToken);
    }

    /// <summary>
    /// Cuts the file off. No I/O may be in flight on what goes. Physical files that are no longer needed are removed. May block.
    /// </summary>
    /// <param name="lengthBytes">The new length; at most <see cref="LengthBytes"/>.</param>
    public void Truncate(long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        lock (_lock)
        {
            ThrowIfClosed();
            long freed = _lengthBytes - lengthBytes;
            ArgumentOutOfRangeException.ThrowIfNegative(freed, nameof(lengthBytes));
            ArgumentOutOfRangeException.ThrowIfLessThan(lengthBytes, _droppedBytes);
            int keep = (int)((lengthBytes + PieceBytes - 1) / PieceBytes);
            TempPiece?[] pieces = _pieces;
            if (keep < pieces.Length)
            {
                foreach (TempPiece? piece in pieces.AsSpan(keep)) piece?.Remove(Owner.Space.System.FileSystem);
                Volatile.Write(ref _pieces, pieces[..keep]);
            }

            // With direct I/O the physical end stays on a block's end, so that the last block can be read. When only a part of that block
            // goes nothing is cut off, and what was allocated ahead stays.
            long end = RoundUp(lengthBytes);
            if (end < RoundUp(_lengthBytes))
            {
                if (keep > 0 && keep <= pieces.Length && pieces[keep - 1] is { } last)
                {
                    long inside = end - ((keep - 1) * PieceBytes);
                    if (last.File.GetLength() > inside) last.File.SetLength(inside);
                }

                ForgetAllocated(end);
            }

            Volatile.Write(ref _lengthBytes, lengthBytes);
            if (freed != 0) Volatile.Write(ref _cuts, _cuts + 1);
            Owner.Space.Release(Owner, freed);
        }
    }

    /// <summary>
    /// Gives up what is before an offset, as far as whole pieces go: their room is free, and they can be neither read nor written any
    /// more. No I/O
    /// may be in flight on them.
    /// </summary>
    /// <param name="offsetBytes">Where what is still needed begins.</param>
    public void DropBefore(long offsetBytes)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            TempPiece?[] pieces = [.. _pieces];
            int count = (int)Math.Min(offsetBytes / PieceBytes, pieces.Length);
            long dropped = Math.Min(count * PieceBytes, _lengthBytes);
            if (dropped <= _droppedBytes) return;
            for (int index = 0; index < count; index++)
            {
                pieces[index]?.Remove(Owner.Space.System.FileSystem);
                pieces[index] = null;
            }

            Volatile.Write(ref _pieces, pieces);
            Owner.Space.Release(Owner, dropped - _droppedBytes);
            _droppedBytes = dropped;
        }
    }

    /// <summary>
    /// Takes everything that another file of the same space has, without moving a byte: its pieces become this file's, from the next
    /// multiple of
    /// the piece's length on. The other is closed by it. No I/O may be in flight on either, and nobody may share the other.
    /// </summary>
    /// <param name="other">The file to take.</param>
    /// <returns>At which offset its content begins here.</returns>
    public long Append(BufFile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(other, this) || !ReferenceEquals(other.Owner.Space, Owner.Space)) throw new ArgumentException(
            "Append takes another file of the same space.", nameof(other));
        TempPiece?[] taken;
        long length;
        lock (other._lock)
        {
            other.RequireWholeAndAlone();
            length = other._lengthBytes;
        }

        // What can be refused comes first: a file that was refused keeps what it has.
        int first;
        long start;
        lock (_lock)
        {
            ThrowIfClosed();
            first = (int)((_lengthBytes + PieceBytes - 1) / PieceBytes);
            start = first * PieceBytes;

            // The gap up to the start reads as zeros and has no bytes on disk; it is counted nevertheless, because the length says so.
            if (start != _lengthBytes && first > 0) _pieces[first - 1]?.File.SetLength(PieceBytes);
            if (length != 0) Owner.Space.Reserve(Owner, start - _lengthBytes);
        }

        lock (other._lock)
        {
            taken = other._pieces;
            other._pieces = [];
            other._lengthBytes = 0;
            other._isClosed = true;
        }

        other.ForgetEverywhere();
        lock (_lock)
        {
            TempPiece?[] pieces = new TempPiece?[first + taken.Length];
            _pieces.AsSpan(0, Math.Min(first, _pieces.Length)).CopyTo(pieces);
            taken.CopyTo(pieces, first);
            Volatile.Write(ref _pieces, pieces);
            ForgetAllocated(start);
            Owner.Space.Transfer(other.Owner, Owner, length);
            if (length != 0) Volatile.Write(ref _lengthBytes, start + length);
            return start;
        }
    }

    private void RequireWholeAndAlone()
    {
        ThrowIfClosed();
        if (_droppedBytes != 0) throw new InvalidOperationException("A file of which a part was dropped cannot be appended to another.");
        if (_references != 1) throw new InvalidOperationException(
            "The file is shared: only a file that nobody else uses can be appended to another.");
    }

    /// <summary>Makes one more participant: the file is removed when each has disposed it.</summary>
    /// <returns>This file.</returns>
    public BufFile Share()
    {
        lock (_lock)
        {
            ThrowIfClosed();
            _references++;
            return this;
        }
    }

    /// <summary>
    /// Ends one participant's use; the last one removes the file. I/O in flight keeps what it needs until it has completed.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed || --_references > 0) return;
        }

        Close();
    }

    /// <summary>Removes the file, whoever shares it.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _isClosed = true;
            foreach (TempPiece? piece in _pieces) piece?.Remove(Owner.Space.System.FileSystem);
            _pieces = [];
            Owner.Space.Release(Owner, _lengthBytes - _droppedBytes);
            _lengthBytes = 0;
        }

        ForgetEverywhere();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IoFile PieceForRead(int piece)
    {
        TempPiece?[] pieces = Volatile.Read(ref _pieces);
        return piece < pieces.Length && pieces[piece] is { } found ? found.File : RefuseUnwritten(piece);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IoFile PieceForWrite(int piece)
    {
        TempPiece?[] pieces = Volatile.Read(ref _pieces);
        return piece < pieces.Length && pieces[piece] is { } found ? found.File : OpenPiece(piece);
    }

    internal string DescribePiece(int piece)
    {
        TempPiece?[] pieces = Volatile.Read(ref _pieces);
        string where = piece < pieces.Length && pieces[piece] is { } found ? $" in {found.Name ?? found.Directory}" : "";
        return $"piece {piece} of a temporary file of {Owner.Name}{where}";
    }

    private IoFile OpenPiece(int number)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            TempPiece?[] pieces = _pieces;
            if (number < pieces.Length && pieces[number] is { } other) return other.File;
            TempPiece opened;
            try
            {
                opened = Owner.Space.OpenPiece();
            }
            catch (AioException exception) when (exception.Errno is Errno.ENOSPC or Errno.EDQUOT)
            {
                throw new TempSpaceFullException(exception.Message, exception);
            }

            TempPiece?[] more = new TempPiece?[Math.Max(number + 1, pieces.Length)];
            pieces.CopyTo(more, 0);
            more[number] = opened;
            Volatile.Write(ref _pieces, more);
            return opened.File;
        }
    }

    private void Grow(long end)
    {
        if (end <= Volatile.Read(ref _lengthBytes)) return;
        lock (_lock)
        {
            ThrowIfClosed();
            long more = end - _lengthBytes;
            if (more <= 0) return;
            Owner.Space.Reserve(Owner, more);
            Volatile.Write(ref _lengthBytes, end);
        }
    }

    private long Check(BufFileTransfer transfer, long offsetBytes, ReadOnlySpan<IoVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        long length = 0;
        foreach (IoVector vector in vectors) length += (long)vector.LengthBytes;
        if (IsDirect && (offsetBytes % AlignmentBytes != 0 || length % AlignmentBytes != 0))
        {
            throw new ArgumentException(
                $"With direct I/O offset and length must be multiples of {AlignmentBytes}; they are {offsetBytes} and {length}.");
        }

        return length;
    }

    private void ForgetEverywhere()
    {
        BufFileTarget.Forget(Number);
        Owner.Space.Forget(this);
    }

    private IoFile RefuseUnwritten(int piece)
    {
        ThrowIfClosed();
        throw new AioException($"read piece {piece} of a temporary file of {Owner.Name}", 0, "it was never written");
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isClosed, this);
}
