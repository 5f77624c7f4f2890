using System.Runtime.InteropServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Executes requests on files of the operating system, on the calling thread: with the system's own calls on Linux, portably elsewhere.
/// </summary>
internal abstract class OsExecutor
{
    /// <summary>The executor for this system. The switch is for tests: it takes the portable way on Linux too.</summary>
    internal static OsExecutor Current { get; } =
        OperatingSystem.IsLinux() && !(AppContext.TryGetSwitch("Sluice.PortableFiles", out bool portable) && portable)
            ? new LinuxExecutor()
            : new PortableExecutor();

    internal abstract IoOutcome Execute(OsFile file, IoRequest request);

    internal virtual bool TryExecuteWithoutBlocking(OsFile file, IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        return false;
    }

    /// <returns>0 or an errno.</returns>
    internal abstract int SetLength(OsFile file, long lengthBytes);

    /// <summary>The number to report for a call that just failed.</summary>
    protected static IoOutcome Failed() => new(-Marshal.GetLastPInvokeError());
}
