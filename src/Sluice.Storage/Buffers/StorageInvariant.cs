using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>Checks that stay on in every build: ownership of pins, locks and I/O. A compare and a call that is never made.</summary>
internal static class StorageInvariant
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Check([DoesNotReturnIf(false)] bool condition, string rule)
    {
        if (!condition) Broken(rule);
    }

    [DoesNotReturn]
    [StackTraceHidden]
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Broken(string rule) => throw new InvalidOperationException(rule);
}
