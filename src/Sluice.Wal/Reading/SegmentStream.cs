namespace Sluice.Wal;

/// <summary>
/// The bytes of consecutive segments, read ahead: pieces of one size, as many in flight as the window holds, over the ends of segments. One flow.
/// </summary>
internal sealed class SegmentStream : IAsyncDisposable
{
    private readonly AioSystem _system;
    private readonly Func<ulong, string> _pathOf;
    private readonly int _segmentBytes;
    private readonly bool _direct;
    private readonly BufferArena _arena;
    private readonly Piece[] _pieces;
    private ulong _nextToStart;
    private ulong _current;
    private AioFile? _file;
    private ulong _fileSegment = ulong.MaxValue;
    private readonly List<AioFile> _passed = [];

    internal SegmentStream(AioSystem system, Func<ulong, string> pathOf, int segmentBytes, int windowBytes, bool direct, ulong from)
    {
        _system = system;
        _pathOf = pathOf;
        _segmentBytes = segmentBytes;
        _direct = direct;
        _pieces = new Piece[Math.Max(3, windowBytes / WalReader.ChunkBytes)];
        _arena = system.CreateArena(WalReader.ChunkBytes, _pieces.Length);
        for (int index = 0; index < _pieces.Length; index++) _pieces[index] = new Piece(_arena.Rent());
        _nextToStart = from / WalReader.ChunkBytes;
        _current = _nextToStart;
    }

    /// <summary>How many bytes were read.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>
    /// The piece that holds a position, which goes back to the piece before at most: a header may begin there. Its memory is valid until the piece
    /// after the next one is asked for.
    /// </summary>
    internal async ValueTask<Piece> PieceAtAsync(ulong position)
    {
        ulong number = position / WalReader.ChunkBytes;
        if (number > _nextToStart + (ulong)_pieces.Length) await SkipAsync(number);
        _current = Math.Max(_current, number);
        while (_nextToStart < _current + (ulong)_pieces.Length - 1) await StartNextAsync();
        Piece piece = _pieces[number % (ulong)_pieces.Length];
        if (!piece.IsOver) await FinishAsync(piece);
        return piece;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Piece piece in _pieces)
        {
            if (piece.IsStarted && !piece.IsOver) await FinishAsync(piece);
        }

        if (_file is not null) await _file.DisposeAsync();
        foreach (AioFile file in _passed) await file.DisposeAsync();
        foreach (Piece piece in _pieces) piece.Buffer.Return();
        _arena.Dispose();
    }

    private async ValueTask SkipAsync(ulong number)
    {
        foreach (Piece piece in _pieces)
        {
            if (piece.IsStarted && !piece.IsOver) await FinishAsync(piece);
        }

        _nextToStart = number;
        _current = number;
    }

    private async ValueTask StartNextAsync()
    {
        ulong number = _nextToStart++;
        Piece piece = _pieces[number % (ulong)_pieces.Length];

        // A read that nobody came for is over before its memory serves another.
        if (piece.IsStarted && !piece.IsOver) await FinishAsync(piece);
        ulong position = number * WalReader.ChunkBytes;
        ulong segment = position / (ulong)_segmentBytes;
        piece.Begin(position);
        if (segment != _fileSegment) await OpenAsync(segment);
        if (_file is null)
        {
            piece.End(0, isMissing: true, null);
            return;
        }

        piece.Read = _file.ReadAsync(piece.Buffer.Memory[..WalReader.ChunkBytes], (long)(position % (ulong)_segmentBytes));
    }

    private async ValueTask FinishAsync(Piece piece)
    {
        try
        {
            int length = await piece.Read;
            BytesRead += length;
            piece.Buffer.Span[length..].Clear();
            piece.End(length, isMissing: false, null);
        }
        catch (AioException exception)
        {
            piece.Buffer.Span.Clear();
            piece.End(0, isMissing: false, exception);
        }
    }

    private async ValueTask OpenAsync(ulong segment)
    {
        // Reads of the one before may be in flight; it is closed when they are over.
        if (_file is not null) _passed.Add(_file);
        _file = null;
        _fileSegment = segment;
        string path = _pathOf(segment);
        if (!_system.FileSystem.Exists(path)) return;
        _file = await OpenFileAsync(_system, path, _direct);
        if (_passed.Count <= 4) return;
        AioFile oldest = _passed[0];
        _passed.RemoveAt(0);
        await oldest.DisposeAsync();
    }

    /// <summary>Opens a file to read, past the system's cache if that is wanted and possible.</summary>
    internal static async Task<AioFile> OpenFileAsync(AioSystem system, string path, bool direct)
    {
        if (direct)
        {
            try
            {
                AioFile file = await AioFile.OpenAsync(system, path, new IoOpenOptions { Direct = true });
                if (file.Capabilities.OffsetAlignmentBytes <= WalReader.ChunkBytes) return file;
                await file.DisposeAsync();
            }
            catch (AioException exception) when (exception.Errno is Errno.EINVAL or Errno.EOPNOTSUPP)
            {
                // Its file system has no direct I/O.
            }
        }

        return await AioFile.OpenAsync(system, path);
    }

    /// <summary>One piece of the log, from the start of its read until its memory serves another.</summary>
    internal sealed class Piece(AioBuffer buffer)
    {
        internal AioBuffer Buffer { get; } = buffer;

        internal ValueTask<int> Read { get; set; }

        internal ulong Position { get; private set; }

        internal bool IsStarted { get; private set; }

        internal bool IsOver { get; private set; }

        internal bool IsMissing { get; private set; }

        internal int LengthBytes { get; private set; }

        internal AioException? Failure { get; private set; }

        internal void Begin(ulong position)
        {
            Position = position;
            IsStarted = true;
            IsOver = false;
        }

        internal void End(int lengthBytes, bool isMissing, AioException? failure)
        {
            LengthBytes = lengthBytes;
            IsMissing = isMissing;
            Failure = failure;
            IsOver = true;
            Read = default;
        }
    }
}
