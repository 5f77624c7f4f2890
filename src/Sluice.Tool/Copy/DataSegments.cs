using System.Runtime.InteropServices;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Copy;

/// <summary>
/// The blocks of a file that hold data, in order, without the holes between: what a copy has to read. Used by one loop.
/// </summary>
/// <param name="file">The source; open while this is used.</param>
/// <param name="lengthBytes">Its length when the copy began.</param>
/// <param name="blockBytes">The most that one block has.</param>
/// <param name="alignmentBytes">What every block begins at a multiple of; ends too, except at the end of the file.</param>
internal sealed class DataSegments(IoFile file, long lengthBytes, int blockBytes, int alignmentBytes)
{
    private bool _seeksHoles = OperatingSystem.IsLinux() && file is OsFile;
    private long _position;
    private long _segmentEnd;

    /// <summary>The next block.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">How long it is.</param>
    /// <returns>False when there is none.</returns>
    internal bool TryNext(out long offset, out int length)
    {
        if (_position >= _segmentEnd && !TryFindSegment())
        {
            offset = 0;
            length = 0;
            return false;
        }

        offset = _position;

        // Blocks end where whole blocks of the file end, so that one unaligned segment does not shift all that follow.
        long blockEnd = ((_position / blockBytes) + 1) * blockBytes;
        long end = Math.Min(blockEnd, _segmentEnd);
        length = (int)(end - offset);
        _position = end;
        return true;
    }

    private bool TryFindSegment()
    {
        if (_position >= lengthBytes) return false;
        if (!_seeksHoles)
        {
            _segmentEnd = lengthBytes;
            return true;
        }

        int descriptor = ((OsFile)file).Descriptor;
        long data = Libc.LSeek(descriptor, _position, Libc.SEEK_DATA);
        if (data < 0)
        {
            // ENXIO: a hole to the end. Anything else: this file system does not tell, and everything is data.
            if (Marshal.GetLastPInvokeError() == NoMoreData)
            {
                _position = lengthBytes;
                return false;
            }

            _seeksHoles = false;
            _segmentEnd = lengthBytes;
            return true;
        }

        long hole = Libc.LSeek(descriptor, data, Libc.SEEK_HOLE);
        if (hole < 0) hole = lengthBytes;
        if (data >= lengthBytes)
        {
            _position = lengthBytes;
            return false;
        }

        _position = Math.Max(_position, data / alignmentBytes * alignmentBytes);
        _segmentEnd = Math.Min(lengthBytes, (hole + alignmentBytes - 1) / alignmentBytes * alignmentBytes);
        return true;
    }

    private const int NoMoreData = 6;
}
