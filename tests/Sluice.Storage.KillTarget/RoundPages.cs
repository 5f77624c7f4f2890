using System.Buffers.Binary;

namespace Sluice.Storage.KillTarget;

/// <summary>Which page is changed in which round, and what it holds then: known to the process that is killed and to whoever looks
/// afterwards.</summary>
internal static class RoundPages
{
    internal const uint Blocks = 200;
    internal const uint Relation = 16384;

    /// <summary>Whether a page is changed in a round: about half of them are.</summary>
    internal static bool Changes(uint block, uint round) => round != 0 && (Mix(((ulong)block << 32) | round) & 1) != 0;

    /// <summary>The last round up to one in which a page was changed; 0 for none.</summary>
    internal static uint LastChange(uint block, uint round)
    {
        while (round != 0 && !Changes(block, round)) round--;
        return round;
    }

    internal static void Fill(Span<byte> page, uint block, uint round)
    {
        PageHeader.Initialize(page);
        PageHeader header = new(page) { LogPosition = new LogPosition(round) };
        header.Lower = header.Upper;
        for (int offset = StorageLimits.PageHeaderBytes; offset < page.Length; offset += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], Mix(((ulong)block << 40) ^ ((ulong)round << 16) ^ (uint)offset));
        }
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
