using System.Runtime.InteropServices;

namespace Sluice.Methods;

/// <summary>One piece of memory of a vectored read or write; laid out as the system's <c>iovec</c>.</summary>
/// <param name="Address">The first byte. Native or pinned memory; it stays where it is until the request has completed.</param>
/// <param name="LengthBytes">The length in bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct IoVector(nint Address, nuint LengthBytes)
{
    /// <summary>Makes a vector from a pointer.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="lengthBytes">The length in bytes.</param>
    public unsafe IoVector(void* address, int lengthBytes)
        : this((nint)address, (nuint)lengthBytes)
    {
    }
}
