namespace Sluice.Simulation.Scenarios;

/// <summary>The checksum of the scenarios' formats: 64 bits, over words, so that long records cost little.</summary>
public static class Checksum
{
    /// <summary>Of bytes, and whatever came before them.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="start">What the checksum begins with; that of other bytes to go on with them.</param>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong start = 14695981039346656037)
    {
        ulong hash = start;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = (hash ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 1099511628211;
            hash ^= hash >> 32;
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte one in bytes) hash = (hash ^ one) * 1099511628211;
        return hash ^ (hash >> 29);
    }
}
