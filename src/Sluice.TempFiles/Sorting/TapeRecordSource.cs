using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Sluice.TempFiles;

/// <summary>The records of one tape of a merge, in place where a block has them whole, else put together in memory of its own.</summary>
internal sealed unsafe class TapeRecordSource(TapeCursor cursor) : RecordSource
{
    private const int CacheLineBytes = 64;

    private byte* _whole;
    private int _wholeBytes;

    internal override bool MoveNext()
    {
        byte* at = cursor.Current;
        long left = cursor.End - at;
        if (left > RecordFrame.HeaderBytesMax)
        {
            byte first = *at;
            int length = RecordFrame.IsLong(first) ? RecordFrame.ReadLong(at) : first;
            int header = RecordFrame.HeaderBytes(length);
            if (left - header >= length)
            {
                Record = at + header;
                Length = length;
                byte* next = at + header + length;
                cursor.Current = next;

                // By the time this source's turn comes again the others have had theirs, so the processor has forgotten that it was
                // reading on here; the whole record will be looked at.
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(next);
                    Sse.Prefetch0(next + CacheLineBytes);
                }

                return true;
            }
        }

        return MoveNextAcross();
    }

    public override void Dispose()
    {
        NativeMemory.Free(_whole);
        _whole = null;
        _wholeBytes = 0;
    }

    private bool MoveNextAcross()
    {
        if (cursor.Current == cursor.End && !cursor.MoveNext()) return false;
        byte* header = stackalloc byte[RecordFrame.HeaderBytesMax];
        Take(header, 1);
        int length = *header;
        if (RecordFrame.IsLong(*header))
        {
            Take(header + 1, RecordFrame.HeaderBytesMax - 1);
            length = RecordFrame.ReadLong(header);
        }

        if (length > _wholeBytes)
        {
            _wholeBytes = (int)Math.Min(Math.Max(length, 2L * _wholeBytes), int.MaxValue);
            NativeMemory.Free(_whole);
            _whole = null;
            _whole = (byte*)NativeMemory.Alloc((nuint)_wholeBytes);
        }

        Take(_whole, length);
        Record = _whole;
        Length = length;
        return true;
    }

    private void Take(byte* destination, int length)
    {
        while (length > 0)
        {
            if (cursor.Current == cursor.End && !cursor.MoveNext()) throw new InvalidOperationException(
                "A tape ends in the midst of a record.");
            int part = (int)Math.Min(length, cursor.End - cursor.Current);
            Buffer.MemoryCopy(cursor.Current, destination, part, part);
            cursor.Current += part;
            destination += part;
            length -= part;
        }
    }
}
