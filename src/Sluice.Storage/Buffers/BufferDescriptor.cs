using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>One buffer: its state word and its identity, on a cache line of its own.</summary>
/// <remarks>
/// The identity may be read without a lock, and is then a guess until the buffer is pinned and the state said that the tag is valid: while
/// that is so, nobody changes it. It is written by the holder of the only pin of a buffer without a tag.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeBytes)]
internal struct BufferDescriptor
{
    internal const int SizeBytes = 64;

    [FieldOffset(0)]
    internal ulong State;

    [FieldOffset(8)]
    internal ulong DatabaseAndNumber;

    [FieldOffset(16)]
    internal ulong TablespaceAndBlock;

    [FieldOffset(24)]
    internal uint Fork;

    [FieldOffset(28)]
    internal uint Hash;

    /// <summary>The next buffer of the mapping's bucket, plus one; zero ends the chain. Changes under the bucket's lock.</summary>
    [FieldOffset(32)]
    internal int NextInBucket;

    /// <summary>How many eviction writes of it failed since it was last written. A hint for whoever looks for a victim.</summary>
    [FieldOffset(36)]
    internal int FailedWrites;
}
