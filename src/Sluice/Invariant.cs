using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>
/// Checks that stay on in every build: state transitions, ownership, generations. A compare and a call that is never made.
/// </summary>
internal static class Invariant
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
