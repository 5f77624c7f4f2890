namespace Sluice.Wal;

/// <summary>Pages, bytes over their ends, and what is wrong with headers.</summary>
public sealed partial class WalReader
{
    private ulong _firstPrevious;

    private (WalEndReason Reason, string Text)? Check(in WalUnit unit, ulong position, byte mark)
    {
        if (mark != WalUnit.Mark || unit.LengthBytes is < WalUnit.HeaderBytes or > WriteAheadLog.UnitBytesLimit || (unit.Flags & ~(WalUnit.First | WalUnit.Last)) != 0)
        {
            return (WalEndReason.HeaderInvalid, "what stands here is no record");
        }

        bool isRestart = unit.Kind == WalUnit.RestartKind && unit.Incarnation > Incarnation;
        if (_isIncarnationKnown && !_acceptsStale && unit.Incarnation != Incarnation && !isRestart)
        {
            return (WalEndReason.OtherIncarnation, $"a record of opening {unit.Incarnation} stands behind those of opening {Incarnation}: it was given up");
        }

        if (unit.IsFirst != (_pieces == 0)) return (_pieces == 0 ? WalEndReason.HeaderInvalid : WalEndReason.Incomplete, "the pieces of a long record do not follow each other");
        if (_pieces != 0) return unit.Previous == _recordPosition ? null : (WalEndReason.WrongPrevious, "a piece of another record");
        _firstPrevious = unit.Previous;
        if (_isPreviousKnown && !_acceptsStale && unit.Previous != Previous) return (WalEndReason.WrongPrevious, $"it follows {new LogPosition(unit.Previous)}, and the record before begins at {new LogPosition(Previous)}");
        return unit.Previous < position || unit.Previous == 0 ? null : (WalEndReason.WrongPrevious, "it names a record behind itself as the one before");
    }

    private async ValueTask<bool> LoadPageAsync(ulong pageStart)
    {
        if (pageStart == _pageStart) return true;
        SegmentStream.Piece piece;
        try
        {
            piece = await _source.PieceAtAsync(pageStart);
        }
        catch (AioException exception)
        {
            return Stop(pageStart, WalEndReason.ReadFailed, exception.Message);
        }

        if (piece.IsMissing) return Stop(pageStart, WalEndReason.SegmentMissing, "there is no further segment");
        if (piece.Failure is { } failure) return Stop(pageStart, WalEndReason.ReadFailed, failure.Message);
        int offset = (int)(pageStart - piece.Position);
        ReadOnlyMemory<byte> page = piece.Buffer.Memory.Slice(offset, WalGeometry.PageBytes);
        if (WalPage.FindMistake(page.Span, in _identity, pageStart) is { } mistake)
        {
            bool isShort = piece.LengthBytes < offset + WalGeometry.PageBytes;
            bool isEmpty = page.Span[..WalGeometry.PageHeaderBytes].IndexOfAnyExcept((byte)0) < 0;
            if (isShort) return Stop(pageStart, WalEndReason.SegmentShort, "the file of the segment ends here");
            return Stop(pageStart, isEmpty ? WalEndReason.NothingWritten : WalEndReason.PageInvalid, mistake);
        }

        // Only of the opening that is read: one that gave up the rest of a long record begins before what an earlier one had called durable, and an old
        // page behind the end may still say so.
        ulong durable = WalPage.Durable(page.Span);
        if (_isIncarnationKnown && WalPage.Incarnation(page.Span) == Incarnation && durable <= pageStart) DurableHint = Math.Max(DurableHint, durable);
        _page = page;
        _pageStart = pageStart;
        return true;
    }

    /// <summary>Adds bytes of the log to the scratch memory from a position on, over the ends of pages.</summary>
    private async ValueTask<bool> GatherAsync(ulong position, int length)
    {
        int start = _scratchBytes;
        if (_scratch.Length < start + length) Array.Resize(ref _scratch, (int)Math.Min(Array.MaxLength, Math.Max((long)start + length, 2L * _scratch.Length)));
        int done = 0;
        while (done < length)
        {
            ulong pageStart = WalGeometry.PageOf(position);
            if (!await LoadPageAsync(pageStart)) return false;
            int inPage = (int)(position - pageStart);
            if (inPage == 0)
            {
                inPage = _geometry.HeaderBytesOf(pageStart);

                // Only a whole unit's gathering can tell; a header's alone does not know the length.
                if (length > WalUnit.HeaderBytes && WalPage.Remaining(_page.Span) != length - done) return Stop(pageStart, WalEndReason.PageInvalid, "the page does not go on with the record");
            }

            int count = Math.Min(length - done, WalGeometry.PageBytes - inPage);
            _page.Span.Slice(inPage, count).CopyTo(_scratch.AsSpan(start + done));
            done += count;
            position = pageStart + WalGeometry.PageBytes;
        }

        _scratchBytes = start + length;
        return true;
    }

    private bool Stop(ulong obstacle, WalEndReason reason, string text)
    {
        bool isTorn = _pieces != 0 && reason is WalEndReason.NothingWritten or WalEndReason.SegmentMissing;
        LogPosition end = new(_geometry.ToEndPosition(_recordStream));
        string explanation = $"the log ends at {end}: at {new LogPosition(obstacle)} {text}{(_pieces == 0 ? "" : $"; the record at {new LogPosition(_recordPosition)} is not whole")}";
        End = new WalEnd(end, new LogPosition(obstacle), isTorn ? WalEndReason.Incomplete : reason, explanation);
        return false;
    }
}
