using System.Globalization;
using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>Whether a server runs on a data directory: it has postmaster.pid there, whose first line is its process.</summary>
internal static partial class ServerLock
{
    private const int EPERM = 1;

    /// <exception cref="StorageException">A server runs.</exception>
    internal static async Task RequireStoppedAsync(AioSystem system, string dataDirectory, CancellationToken cancellationToken)
    {
        byte[]? content = await SmallFile.TryReadAsync(system, $"{dataDirectory}/postmaster.pid", 4096, cancellationToken);
        if (content is null) return;
        string first = System.Text.Encoding.UTF8.GetString(content).Split('\n')[0].Trim();

        // A server in single-user mode writes its number with a minus.
        if (!int.TryParse(first, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int process)) process = 0;
        process = Math.Abs(process);
        if (process == 0)
        {
            throw new StorageException(
                $"{dataDirectory}/postmaster.pid names no process: see that no server runs there, then remove the file.");
        }

        if (IsAlive(process))
        {
            throw new StorageException($"A server runs on {dataDirectory} (process {process}, by postmaster.pid): stop it first.");
        }
    }

    private static bool IsAlive(int process)
    {
        if (process == Environment.ProcessId) return false;
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return true;

        // Signal 0 only asks. Somebody else's process is alive too.
        return Kill(process, 0) == 0 || Marshal.GetLastPInvokeError() == EPERM;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
