using System.Runtime.InteropServices;

namespace Sluice.Interop;

/// <summary>The system calls the runtime itself needs. Hints only: without them everything works.</summary>
internal static partial class NativeMethods
{
    private const int MADV_HUGEPAGE = 14;

    internal static void AdviseHugePages(nint address, nuint lengthBytes)
    {
        // A hint: refused where the kernel has none, and then ordinary pages serve.
        if (OperatingSystem.IsLinux()) _ = MAdvise(address, lengthBytes, MADV_HUGEPAGE);
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int MAdvise(nint address, nuint length, int advice);
}
