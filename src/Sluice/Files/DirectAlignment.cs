using System.Globalization;
using Sluice.Methods;

namespace Sluice;

/// <summary>Says what about a direct transfer is not aligned: the system itself only says that something is (EINVAL).</summary>
internal static class DirectAlignment
{
    /// <returns>One sentence that names what is wrong and what the file needs; null when all is well.</returns>
    internal static string? FindMistake(IoFileCapabilities capabilities, ReadOnlySpan<IoVector> pieces, long offsetBytes)
    {
        int offsetAlignment = capabilities.OffsetAlignmentBytes;
        int memoryAlignment = capabilities.MemoryAlignmentBytes;
        if (offsetBytes % offsetAlignment != 0)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the offset {offsetBytes} is not a multiple of {offsetAlignment} bytes, which this file needs.");
        }

        foreach (IoVector piece in pieces)
        {
            if ((long)piece.LengthBytes % offsetAlignment != 0)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"the length {piece.LengthBytes} is not a multiple of {offsetAlignment} bytes, which this file needs.");
            }

            if (piece.Address % memoryAlignment != 0)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"the memory address 0x{piece.Address:x} is not a multiple of {memoryAlignment} bytes, which this file needs; rent "
                        + $"the buffer from a BufferArena.");
            }
        }

        return null;
    }
}
