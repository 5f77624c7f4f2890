namespace Sluice.TempFiles;

/// <summary>
/// A reusable handle for one read or write of a <see cref="BufFile"/> at a time, of any number of vectors, across pieces. Made once and
/// used
/// again; belongs to the flow that uses its context. Starting and waiting allocate nothing in steady state.
/// </summary>
/// <remarks>
/// The memory stays the caller's and must stay where it is until a wait, or <see cref="Quiesce"/>, has returned. A short transfer is
/// continued to its end by the wait. A transfer that crosses from one piece to the next is several I/Os, all in flight together.
/// </remarks>
public sealed class BufFileTransfer
{
    private const int VectorsFirst = 16;

    private Part[] _parts = [new Part()];
    private int _partCount;
    private IoVector[] _vectors;
    private int _vectorCount;

    /// <summary>Makes one.</summary>
    /// <param name="context">Through which its I/O goes.</param>
    public BufFileTransfer(AioContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Context = context;
        _vectors = new IoVector[Math.Min(context.System.Options.VectorsPerHandle, VectorsFirst)];
    }

    /// <summary>Through which its I/O goes.</summary>
    public AioContext Context { get; }

    /// <summary>Whether an I/O was started and not yet waited for.</summary>
    public bool IsPending => _partCount != 0;

    /// <summary>
    /// Whether a wait would not block now, short transfers aside. True when nothing is pending. Does not look for completions.
    /// </summary>
    public bool IsDone
    {
        get
        {
            for (int index = 0; index < _partCount; index++)
            {
                if (_parts[index].Place.IsPending) return false;
            }

            return true;
        }
    }

    internal BufFile? File { get; private set; }

    /// <summary>
    /// Waits until no I/O of it is in flight, whatever became of it: afterwards the memory is free. Never throws for a failed I/O.
    /// </summary>
    public void Quiesce()
    {
        for (int index = 0; index < _partCount; index++)
        {
            if (_parts[index].IsStarted) Context.Wait(_parts[index].Reference);
        }

        Reset();
    }

    /// <summary>Takes the memory and cuts it where pieces end.</summary>
    internal void Prepare(BufFile file, bool isWrite, long offsetBytes, ReadOnlySpan<IoVector> vectors)
    {
        if (IsPending) throw new InvalidOperationException("The transfer is in use: wait for its I/O before it is given another.");
        File = file;
        IsWrite = isWrite;
        _vectorCount = 0;
        long pieceBytes = file.PieceBytes;
        long position = offsetBytes;
        Part? part = null;
        foreach (IoVector vector in vectors)
        {
            nint address = vector.Address;
            long left = (long)vector.LengthBytes;
            while (left > 0)
            {
                long offset = position % pieceBytes;
                if (part is null || offset == 0 || part.VectorCount == file.VectorsMax) part = AddPart((int)(position / pieceBytes),
                    offset);
                long length = Math.Min(left, pieceBytes - offset);
                AddVector(part, new IoVector(address, (nuint)length));
                address += (nint)length;
                position += length;
                left -= length;
            }
        }
    }

    /// <summary>Whether it writes.</summary>
    internal bool IsWrite { get; private set; }

    /// <summary>Allocates room in a piece, and waits for it.</summary>
    /// <returns>False when it could not be done, for whatever reason.</returns>
    internal bool TryAllocate(BufFile file, AioReturn place, IoFile piece, int number, long offsetBytes, long lengthBytes)
    {
        AioHandle handle = Context.Acquire(place);
        WaitReference reference = handle.Reference;
        try
        {
            new BufFileTarget(file.Number, number).StartAllocate(handle, piece, offsetBytes, lengthBytes);
        }
        catch
        {
            if (handle.State == AioHandleState.HandedOut && handle.Reference == reference) handle.Release();
            throw;
        }

        Context.Wait(reference);
        return place.Result.Status == AioStatus.Ok;
    }

    /// <summary>Starts all parts.</summary>
    internal void Start()
    {
        try
        {
            for (int index = 0; index < _partCount; index++) StartPart(_parts[index]);
        }
        catch
        {
            Quiesce();
            throw;
        }
    }

    /// <summary>Waits for all parts, going on with what was cut short.</summary>
    internal void Finish(CancellationToken cancellationToken)
    {
        try
        {
            // Also when all is over: whoever always finds it so would never hear of the cancellation.
            if (IsPending) cancellationToken.ThrowIfCancellationRequested();
            for (int index = 0; index < _partCount; index++)
            {
                Part part = _parts[index];
                while (true)
                {
                    Context.Wait(part.Reference, Timeout.Infinite, cancellationToken);
                    if (TakeResult(part)) break;
                }
            }
        }
        catch
        {
            Quiesce();
            throw;
        }

        Reset();
    }

    /// <summary>As <see cref="Finish"/>, without blocking.</summary>
    internal async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (IsPending) cancellationToken.ThrowIfCancellationRequested();
            for (int index = 0; index < _partCount; index++)
            {
                Part part = _parts[index];
                while (true)
                {
                    await Context.WaitAsync(part.Reference, cancellationToken).ConfigureAwait(false);
                    if (TakeResult(part)) break;
                }
            }
        }
        catch
        {
            // The memory is the caller's: it is not given back while the system may still touch it.
            for (int index = 0; index < _partCount; index++)
            {
                if (_parts[index].IsStarted) await Context.WaitAsync(_parts[index].Reference, CancellationToken.None).ConfigureAwait(false);
            }

            Reset();
            throw;
        }

        Reset();
    }

    private void Reset()
    {
        for (int index = 0; index < _partCount; index++) _parts[index].IsStarted = false;
        _partCount = 0;
        File = null;
    }

    // Returns whether the part is over; starts the rest of it otherwise.
    private bool TakeResult(Part part)
    {
        AioReturn place = part.Place;
        if (place.Result.Status == AioStatus.Error) ThrowFailed(place);
        part.IsStarted = false;
        long done = place.Result.Value;
        if (done >= part.LeftBytes) return true;

        // With direct I/O only whole blocks count; the rest begins where one does.
        long alignment = File!.OffsetAlignmentBytes;
        done -= done % alignment;
        Advance(part, done);
        StartPart(part);
        return false;
    }

    private static void ThrowFailed(AioReturn place)
    {
        AioException exception = place.ToException();
        if (BufFileCheck.IsNoRoom(place.Result)) throw new TempSpaceFullException(exception.Message, exception);
        throw exception;
    }

    private void Advance(Part part, long bytes)
    {
        part.OffsetBytes += bytes;
        part.LeftBytes -= bytes;
        while (bytes > 0)
        {
            ref IoVector vector = ref _vectors[part.FirstVector];
            long length = (long)vector.LengthBytes;
            if (length > bytes)
            {
                vector = new IoVector(vector.Address + (nint)bytes, (nuint)(length - bytes));
                return;
            }

            bytes -= length;
            part.FirstVector++;
            part.VectorCount--;
        }
    }

    private void StartPart(Part part)
    {
        BufFile file = File!;
        IoFile piece = IsWrite ? file.PieceForWrite(part.Piece) : file.PieceForRead(part.Piece);
        AioHandle handle = Context.Acquire(part.Place);
        part.Reference = handle.Reference;
        part.IsStarted = true;
        try
        {
            handle.SetVectors(_vectors.AsSpan(part.FirstVector, part.VectorCount));
            BufFileTarget target = new(file.Number, part.Piece);
            if (IsWrite) target.StartWrite(handle, piece, part.OffsetBytes);
            else target.StartRead(handle, piece, part.OffsetBytes);
        }
        catch
        {
            part.IsStarted = false;
            if (handle.State == AioHandleState.HandedOut && handle.Reference == part.Reference) handle.Release();
            throw;
        }
    }

    private Part AddPart(int piece, long offsetBytes)
    {
        if (_partCount == _parts.Length)
        {
            Array.Resize(ref _parts, _partCount * 2);
            for (int index = _partCount; index < _parts.Length; index++) _parts[index] = new Part();
        }

        Part part = _parts[_partCount++];
        part.Piece = piece;
        part.OffsetBytes = offsetBytes;
        part.LeftBytes = 0;
        part.FirstVector = _vectorCount;
        part.VectorCount = 0;
        part.IsStarted = false;
        return part;
    }

    private void AddVector(Part part, IoVector vector)
    {
        if (_vectorCount == _vectors.Length) Array.Resize(ref _vectors, _vectorCount * 2);
        _vectors[_vectorCount++] = vector;
        part.VectorCount++;
        part.LeftBytes += (long)vector.LengthBytes;
    }

    private sealed class Part
    {
        internal readonly AioReturn Place = new();
        internal WaitReference Reference;
        internal bool IsStarted;
        internal int Piece;
        internal long OffsetBytes;
        internal long LeftBytes;
        internal int FirstVector;
        internal int VectorCount;
    }
}
