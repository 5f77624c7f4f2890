using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>
/// Where bytes of records stand in a log of a segment size. Records see a <em>stream</em> without headers; a stream offset and a log
/// position are turned into each other by arithmetic alone, so that one addition reserves room across any number of pages.
/// </summary>
internal readonly struct WalGeometry
{
    internal const int PageBytes = 8192;
    internal const int PageHeaderBytes = 40;
    internal const int SegmentHeaderBytes = 72;
    internal const int RecordAlignment = 8;
    internal const int SegmentBytesMinimum = 1 << 20;
    internal const int SegmentBytesMaximum = 1 << 30;
    private const int PagePayload = PageBytes - PageHeaderBytes;
    private const int FirstPayload = PageBytes - SegmentHeaderBytes;

    private readonly int _segmentShift;
    private readonly ulong _segmentPayload;

    internal WalGeometry(int segmentBytes)
    {
        if (segmentBytes is < SegmentBytesMinimum or > SegmentBytesMaximum || !BitOperations.IsPow2(segmentBytes))
        {
            throw new ArgumentException($"A segment of {segmentBytes} bytes is not possible: give a power of two from 1 MiB to 1 GiB.");
        }

        SegmentBytes = segmentBytes;
        _segmentShift = BitOperations.Log2((uint)segmentBytes);
        _segmentPayload = FirstPayload + ((ulong)((segmentBytes / PageBytes) - 1) * PagePayload);
    }

    internal int SegmentBytes { get; }

    /// <summary>Stream bytes that a segment holds.</summary>
    internal ulong SegmentPayload => _segmentPayload;

    internal static ulong Align(ulong bytes) => (bytes + (RecordAlignment - 1)) & ~(ulong)(RecordAlignment - 1);

    internal static ulong PageOf(ulong position) => position & ~(ulong)(PageBytes - 1);

    internal ulong SegmentOf(ulong position) => position >> _segmentShift;

    internal ulong SegmentStart(ulong segment) => segment << _segmentShift;

    internal int OffsetInSegment(ulong position) => (int)(position & ((ulong)SegmentBytes - 1));

    internal int HeaderBytesOf(ulong pageStart) => OffsetInSegment(pageStart) == 0 ? SegmentHeaderBytes : PageHeaderBytes;

    /// <summary>The position of a stream offset: at the beginning of a page, behind its header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong ToPosition(ulong stream)
    {
        (ulong segment, ulong rest) = Math.DivRem(stream, _segmentPayload);
        ulong start = segment << _segmentShift;
        if (rest < FirstPayload) return start + SegmentHeaderBytes + rest;
        rest -= FirstPayload;

        // The rest is below 2^30, and 32-bit division is several times as fast.
        uint page = (uint)rest / PagePayload;
        return start + ((page + 1UL) * PageBytes) + PageHeaderBytes + ((uint)rest - (page * (ulong)PagePayload));
    }

    /// <summary>The position of a place some bytes of the stream before another: mostly on the same page, where that is a subtraction.</summary>
    /// <param name="stream">The other's stream offset.</param>
    /// <param name="position">Its position.</param>
    /// <param name="bytes">How many bytes before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong PositionBefore(ulong stream, ulong position, ulong bytes)
    {
        ulong inPage = position & (PageBytes - 1);

        // The larger header counts for all pages: what lies that near to the beginning is computed, which is right everywhere.
        return inPage >= bytes + SegmentHeaderBytes ? position - bytes : ToPosition(stream - bytes);
    }

    /// <summary>As <see cref="ToEndPosition"/>, when the position of what ends there is known: mostly on the same page, where it is an addition.</summary>
    /// <param name="end">The stream offset.</param>
    /// <param name="position">Position of what ends there.</param>
    /// <param name="bytes">How many bytes of the stream that has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong EndPositionBehind(ulong end, ulong position, ulong bytes) =>
        (position & (PageBytes - 1)) + bytes <= PageBytes ? position + bytes : ToEndPosition(end);

    /// <summary>The position behind the byte before a stream offset: at the end of a page, before the next header.</summary>
    internal ulong ToEndPosition(ulong stream) => stream == 0 ? 0 : ToPosition(stream - 1) + 1;

    /// <summary>The stream offset of a position; one within a header stands for the byte behind it.</summary>
    internal ulong ToStream(ulong position)
    {
        ulong segment = position >> _segmentShift;
        ulong offset = position & ((ulong)SegmentBytes - 1);
        ulong page = offset / PageBytes;
        ulong inPage = offset % PageBytes;
        ulong stream = segment * _segmentPayload;
        if (page == 0) return stream + (inPage < SegmentHeaderBytes ? 0 : inPage - SegmentHeaderBytes);
        return stream + FirstPayload + ((page - 1) * PagePayload) + (inPage < PageHeaderBytes ? 0 : inPage - PageHeaderBytes);
    }
}
