using Microsoft.Win32.SafeHandles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// The data file for .NET's own calls. It is opened by Sluice's file system, because .NET itself cannot open a file on Linux
/// that bypasses the cache; what is measured are .NET's reads and writes on that descriptor.
/// </summary>
internal sealed class SystemFile : IDisposable
{
    private readonly IoFile _file;

    /// <summary>Opens the file.</summary>
    internal SystemFile(Workload workload)
    {
        _file = IoFileSystem.OperatingSystem.Open(workload.Path, workload.OpenOptions);
        try
        {
            BenchFile.RequireAligned(workload, _file.Capabilities);
            Handle = _file is OsFile file
                ? new SafeFileHandle(file.Descriptor, ownsHandle: false)
                : throw new FailureException(
                    $"{workload.Path} is no file of the operating system: .NET's own calls cannot be measured on it.");
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    internal SafeFileHandle Handle { get; }

    public void Dispose()
    {
        Handle.Dispose();
        _file.Dispose();
    }
}
