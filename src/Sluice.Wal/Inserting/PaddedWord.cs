using System.Runtime.InteropServices;

namespace Sluice.Wal;

/// <summary>A word with cache lines of its own, on both sides: processors fetch lines in pairs.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedWord
{
    [FieldOffset(128)]
    internal ulong Value;

    /// <summary>On the same line: what is read together with it.</summary>
    [FieldOffset(136)]
    internal ulong Beside;
}
