namespace Sluice.Storage;

/// <summary>
/// Bytes done and bytes wanted in the 64 bits that a callback has to explain its verdict with. An I/O has less than 2^31 bytes.
/// </summary>
internal static class Shortfall
{
    internal static ulong Pack(long doneBytes, long wantedBytes) => ((ulong)doneBytes << 32) | (uint)wantedBytes;

    internal static (long DoneBytes, long WantedBytes) Unpack(ulong detail) => ((long)(detail >> 32), (uint)detail);
}
