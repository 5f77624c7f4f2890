namespace Sluice.Wal;

/// <summary>The end of a log that is opened again: made durable before anything relies on it, and read to go on there.</summary>
internal static class LogTail
{
    private const int PieceBytes = 1 << 20;

    /// <summary>
    /// Gives every segment that goes on its whole length, and writes again and flushes what replay has seen behind the position that was durable for
    /// certain. After a flush that failed, and the death of the process, it may stand in the cache, clean and lost at the next power failure.
    /// </summary>
    /// <returns>How many bytes were written again.</returns>
    internal static async Task<long> MakeDurableAsync(AioSystem system, LogSegments segments, WalIdentity identity, LogEnd end, bool direct, int alignment)
    {
        if (end.Recovery is null) return 0;
        WalGeometry geometry = new(identity.SegmentBytes);
        return await WriteAgainAsync(system, segments.PathOf, identity, Math.Min(end.DurableHint, geometry.ToEndPosition(end.Stream)), geometry.ToEndPosition(end.Stream), direct, alignment, end.Segment);
    }

    /// <summary>Writes a part of the log again, as it stands there, and flushes it.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="pathOf">The file of a segment.</param>
    /// <param name="identity">Which log it is.</param>
    /// <param name="from">Where the part begins; the page of it is written as a whole.</param>
    /// <param name="stop">Where it ends.</param>
    /// <param name="direct">Whether the files bypass the cache.</param>
    /// <param name="alignment">In multiples of how many bytes they are written then.</param>
    /// <param name="last">The last segment that gets its whole length and is flushed; 0 for the one in which the part ends.</param>
    /// <returns>How many bytes were written.</returns>
    internal static async Task<long> WriteAgainAsync(
        AioSystem system, Func<ulong, string> pathOf, WalIdentity identity, ulong from, ulong stop, bool direct, int alignment, ulong last = 0)
    {
        WalGeometry geometry = new(identity.SegmentBytes);
        ulong start = WalGeometry.PageOf(from);
        if (last == 0) last = geometry.SegmentOf(stop - 1);
        long total = 0;
        for (ulong segment = geometry.SegmentOf(start); segment <= last; segment++)
        {
            string path = pathOf(segment);
            if (!system.FileSystem.Exists(path)) continue;
            AioFile file = await AioFile.OpenAsync(system, path, new IoOpenOptions { Access = IoAccess.ReadWrite, Direct = direct });
            try
            {
                ulong first = geometry.SegmentStart(segment);
                ulong begin = Math.Max(start, first);
                ulong to = Math.Min(stop, first + (ulong)identity.SegmentBytes);
                if (to > begin) total += await WriteAgainAsync(system, file, (long)(begin - first), (long)(to - first), Math.Max(alignment, 512));
                await LengthenAsync(system, file, identity.SegmentBytes);
                await file.FlushAllAsync();
            }
            finally
            {
                await file.DisposeAsync();
            }
        }

        return total;
    }

    /// <summary>Reads a page and gives it to somebody.</summary>
    internal static async Task ReadPageAsync(AioSystem system, LogSegments segments, WalGeometry geometry, ulong page, Memory<byte> content, Action<ReadOnlyMemory<byte>> use)
    {
        // Not past the cache: what was written again stands there in any case.
        AioFile file = await AioFile.OpenAsync(system, segments.PathOf(geometry.SegmentOf(page)));
        try
        {
            int length = await file.ReadAsync(content, geometry.OffsetInSegment(page));
            content[length..].Span.Clear();
            use(content);
        }
        finally
        {
            await file.DisposeAsync();
        }
    }

    private static async Task<long> WriteAgainAsync(AioSystem system, AioFile file, long from, long to, int alignment)
    {
        using BufferArena arena = system.CreateArena(PieceBytes, 1, register: false);
        AioBuffer buffer = arena.Rent();
        try
        {
            long total = 0;
            for (long offset = from; offset < to; offset += PieceBytes)
            {
                int wanted = (int)(Math.Min(to - offset, PieceBytes) + alignment - 1) & ~(alignment - 1);
                Memory<byte> piece = buffer.Memory[..wanted];
                int length = await file.ReadAsync(piece, offset);

                // Behind the end of a file that was cut off there is nothing that replay has seen.
                piece[length..].Span.Clear();
                await file.WriteAsync(piece, offset);
                total += wanted;
            }

            return total;
        }
        finally
        {
            // Also when an I/O failed: the arena refuses to go with a buffer out, and its refusal would be told instead of the failure.
            buffer.Return();
        }
    }

    private static async Task LengthenAsync(AioSystem system, AioFile file, int segmentBytes)
    {
        long length = file.GetLength();
        if (length >= segmentBytes) return;

        // From a page on, so that a direct write is aligned; what the page has stays.
        long start = length & ~(long)(WalGeometry.PageBytes - 1);
        using BufferArena arena = system.CreateArena(PieceBytes, 1, register: false);
        AioBuffer buffer = arena.Rent();
        try
        {
            buffer.Span.Clear();
            if (start < length) await file.ReadAsync(buffer.Memory[..WalGeometry.PageBytes], start);
            for (long offset = start; offset < segmentBytes; offset += PieceBytes)
            {
                int count = (int)Math.Min(PieceBytes, segmentBytes - offset);
                await file.WriteAsync(buffer.Memory[..count], offset);
                buffer.Span[..WalGeometry.PageBytes].Clear();
            }
        }
        finally
        {
            buffer.Return();
        }
    }
}
