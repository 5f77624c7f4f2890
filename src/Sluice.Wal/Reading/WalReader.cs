using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>
/// Reads a log from a place on: segments are read ahead, every page and record is verified, and the first thing that is not valid is the end. One
/// flow at a time.
/// </summary>
public sealed partial class WalReader : IAsyncDisposable
{
    /// <summary>How much is read at once, in bytes.</summary>
    internal const int ChunkBytes = 256 << 10;

    private readonly SegmentStream _source;
    private readonly WalIdentity _identity;
    private readonly WalGeometry _geometry;
    private readonly bool _includesInternal;
    private readonly bool _acceptsStale;
    private readonly byte[] _header = new byte[WalUnit.HeaderBytes];
    private byte[] _scratch = new byte[ChunkBytes];
    private int _scratchBytes;
    private ReadOnlyMemory<byte> _page;
    private ulong _pageStart = ulong.MaxValue;
    private ulong _stream;
    private ulong _recordStream;
    private ulong _recordPosition;
    private int _pieces;
    private bool _isPreviousKnown;
    private bool _isIncarnationKnown;

    internal WalReader(AioSystem system, Func<ulong, string> pathOf, WalIdentity identity, ulong from, bool isRecord, WalReaderOptions options)
    {
        _identity = identity;
        _geometry = new WalGeometry(identity.SegmentBytes);
        _includesInternal = options.IncludesInternal;
        _acceptsStale = (options.Mistakes & LogMistakes.AcceptsStaleRecords) != 0;
        _source = new SegmentStream(system, pathOf, identity.SegmentBytes, options.ReadAheadBytes, options.Direct, from);
        _stream = _geometry.ToStream(from);
        _recordStream = _stream;
        IsAtRecord = isRecord;
    }

    /// <summary>The record that was read last.</summary>
    public LogRecord Current { get; private set; }

    /// <summary>How far the log could be read and why no further; null before.</summary>
    public WalEnd? End { get; private set; }

    /// <summary>How many bytes were read from the segments.</summary>
    public long BytesRead => _source.BytesRead;

    /// <summary>How many records were found, the log's own among them.</summary>
    public long RecordCount { get; private set; }

    /// <summary>Where the last record begins; none before the first.</summary>
    public LogPosition LastRecord => new(Previous);

    /// <summary>A position that was durable for certain when the log was last written; what follows it may stand in caches only.</summary>
    internal ulong DurableHint { get; private set; }

    internal ulong Previous { get; private set; }

    internal uint Incarnation { get; private set; }

    /// <summary>Stream offset behind the last whole record.</summary>
    internal ulong EndStream => _recordStream;

    private bool IsAtRecord { get; set; }

    /// <summary>Opens a log to read. Another process may be writing it; then the end is where it is at the moment.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="folder">The log's folder.</param>
    /// <param name="options">Where to begin and how; null for the usual.</param>
    /// <exception cref="WalException">There is no log in the folder.</exception>
    public static async Task<WalReader> OpenAsync(AioSystem system, string folder, WalReaderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new WalReaderOptions();
        FoundLog found = await LogFinder.FindAsync(system, folder);
        ulong from = options.From.Value;
        if (from == 0) from = (ulong)found.Identity.SegmentBytes * found.FirstSegment;
        return new WalReader(system, found.PathOf, found.Identity, from, options.From != LogPosition.Invalid, options);
    }

    /// <summary>Goes to the next record.</summary>
    /// <returns>False at the end: see <see cref="End"/>.</returns>
    public ValueTask<bool> ReadAsync()
    {
        if (End is not null) return new ValueTask<bool>(false);
        return TryReadInPage() ? new ValueTask<bool>(true) : ReadSlowAsync();
    }

    /// <summary>Ends reading, and waits for what is in flight.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    // Most records stand within one page, which is at hand and verified.
    private bool TryReadInPage()
    {
        if (_pieces != 0 || !IsAtRecord) return false;
        while (true)
        {
            ulong position = _geometry.ToPosition(_stream);
            if (WalGeometry.PageOf(position) != _pageStart) return false;
            int offset = (int)(position - _pageStart);
            ReadOnlySpan<byte> rest = _page.Span[offset..];
            if (rest.Length < WalUnit.HeaderBytes) return false;
            WalUnit unit = WalUnit.Read(rest);
            if (unit.LengthBytes < WalUnit.HeaderBytes || unit.LengthBytes > rest.Length || unit.Flags != (WalUnit.First | WalUnit.Last) || unit.Kind == WalUnit.RestartKind) return false;
            if (Check(in unit, position, rest[7]) is not null) return false;
            uint checksum = Crc32C.Append(HeaderChecksum(in unit, position), rest[WalUnit.HeaderBytes..(int)unit.LengthBytes]);
            if (~checksum != unit.Checksum) return false;
            _recordPosition = position;
            Accept(in unit, _page.Slice(offset + WalUnit.HeaderBytes, (int)unit.LengthBytes - WalUnit.HeaderBytes));
            if (_includesInternal || !Current.IsInternal) return true;
        }
    }

    private async ValueTask<bool> ReadSlowAsync()
    {
        do
        {
            if (!IsAtRecord && !await FindRecordAsync()) return false;
            if (!await ReadUnitAsync()) return false;
        }
        while (_pieces != 0 || (!_includesInternal && Current.IsInternal));
        return true;
    }

    // At the beginning of a segment the rest of a record that began before it may stand: its pages say how much.
    private async ValueTask<bool> FindRecordAsync()
    {
        while (true)
        {
            ulong position = _geometry.ToPosition(_stream);
            if (!await LoadPageAsync(WalGeometry.PageOf(position))) return false;
            uint remaining = WalPage.Remaining(_page.Span);
            ulong room = WalGeometry.PageBytes - (ulong)_geometry.HeaderBytesOf(_pageStart);
            if (remaining <= room)
            {
                _stream += WalGeometry.Align(remaining);
                break;
            }

            _stream += room;
        }

        // Where it ends another piece of the same record may begin; that is told by its flags, and skipped.
        IsAtRecord = true;
        while (true)
        {
            ulong position = _geometry.ToPosition(_stream);
            _scratchBytes = 0;
            if (!await LoadPageAsync(WalGeometry.PageOf(position)) || !await GatherAsync(position, WalUnit.HeaderBytes)) return false;
            WalUnit unit = WalUnit.Read(_scratch);
            bool isRest = _scratch[7] == WalUnit.Mark && !unit.IsFirst && unit.LengthBytes is >= WalUnit.HeaderBytes and <= WriteAheadLog.UnitBytesLimit;
            if (!isRest) break;
            _stream += unit.StreamBytes;
        }

        _recordStream = _stream;
        return true;
    }

    private async ValueTask<bool> ReadUnitAsync()
    {
        ulong position = _geometry.ToPosition(_stream);
        bool isLaterPiece = _pieces != 0;
        if (!isLaterPiece)
        {
            _scratchBytes = 0;
            _recordPosition = position;
        }

        int before = _scratchBytes;
        if (!await LoadPageAsync(WalGeometry.PageOf(position)) || !await GatherAsync(position, WalUnit.HeaderBytes)) return false;
        _scratch.AsSpan(before, WalUnit.HeaderBytes).CopyTo(_header);
        _scratchBytes = before;
        WalUnit unit = WalUnit.Read(_header);
        if (BinaryPrimitives.ReadUInt64LittleEndian(_header) == 0) return Stop(position, WalEndReason.NothingWritten, "nothing was written here");
        if (Check(in unit, position, _header[7]) is { } refusal) return Stop(position, refusal.Reason, refusal.Text);
        if (!await GatherAsync(position, (int)unit.LengthBytes)) return false;

        // The header is not part of the content.
        int bodyBytes = (int)unit.LengthBytes - WalUnit.HeaderBytes;
        Buffer.BlockCopy(_scratch, before + WalUnit.HeaderBytes, _scratch, before, bodyBytes);
        _scratchBytes = before + bodyBytes;
        uint checksum = Crc32C.Append(HeaderChecksum(in unit, position), _scratch.AsSpan(before, bodyBytes));
        if (~checksum != unit.Checksum) return Stop(position, WalEndReason.WrongChecksum, $"the checksum of the record is {unit.Checksum:X8} and should be {~checksum:X8}");
        if (unit.Kind == WalUnit.RestartKind && !IsNextOpening(in unit, _scratch.AsSpan(before, bodyBytes)))
        {
            return Stop(position, WalEndReason.OtherIncarnation, "the mark of an opening that did not follow this one");
        }

        if (unit.IsLast)
        {
            Accept(in unit, _scratch.AsMemory(0, _scratchBytes));
        }
        else
        {
            if (_scratchBytes > WriteAheadLog.RecordBytesMax) return Stop(position, WalEndReason.HeaderInvalid, "the record is longer than records can be");
            _pieces++;
            _stream += unit.StreamBytes;
        }

        return true;
    }

    private void Accept(in WalUnit unit, ReadOnlyMemory<byte> body)
    {
        _stream += unit.StreamBytes;
        ulong previous = _pieces == 0 ? unit.Previous : _firstPrevious;
        Current = new LogRecord(_recordPosition, _geometry.ToEndPosition(_stream), previous, unit.Kind, unit.Incarnation, _pieces + 1, body);
        _pieces = 0;
        _recordStream = _stream;
        Previous = _recordPosition;
        _isPreviousKnown = true;
        Incarnation = unit.Incarnation;
        _isIncarnationKnown = true;

        // An opening makes everything before its mark durable before it writes the mark, and what was called durable behind it was given up.
        if (unit.Kind == WalUnit.RestartKind) DurableHint = _recordPosition;
        RecordCount++;
    }

    private bool IsNextOpening(in WalUnit unit, ReadOnlySpan<byte> body) =>
        body.Length >= 4 && (_acceptsStale || !_isIncarnationKnown || BinaryPrimitives.ReadUInt32LittleEndian(body) == Incarnation);

    private uint HeaderChecksum(in WalUnit unit, ulong position) =>
        WriteAheadLog.UnitChecksum(_identity.Seed, position, WalUnit.FirstWord(unit.LengthBytes, unit.Kind, unit.Flags), unit.Previous, unit.Incarnation);
}
