using Microsoft.Win32.SafeHandles;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Bench.Storage;

/// <summary>The system's cache of a file.</summary>
internal static class BenchCache
{
    private const int DontNeed = 4;

    /// <summary>Empties it. What is dirty is written back first, or it would stay.</summary>
    internal static void Drop(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
        if (OperatingSystem.IsLinux()) _ = Libc.FAdvise((int)handle.DangerousGetHandle(), 0, 0, DontNeed);
    }
}
