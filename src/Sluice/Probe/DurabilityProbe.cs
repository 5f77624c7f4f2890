using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>
/// Measures which durable write is fastest on a file system. The order of the forms differs between drives by more than ten
/// times, so that it has to be measured and cannot be known.
/// </summary>
/// <remarks>
/// Writes go to blocks of a file that were allocated and written before, as those of a log that is used again: a write to a
/// block that was not would measure the file system's journal. See <c>docs/mechanisms/durability.md</c>.
/// </remarks>
public static class DurabilityProbe
{
    private static readonly ConditionalWeakTable<AioSystem, Measured> s_measured = [];

    /// <summary>
    /// Measures the file system that a folder is on, or gives what was measured before with the same system, method and options.
    /// Takes about <see cref="DurabilityProbeOptions.Budget"/>; makes files in the folder and removes them. Any thread; one measurement
    /// at a time per system.
    /// </summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Gets told how far it is; called on the measuring thread, so it must be quick.</param>
    /// <param name="cancellationToken">Stops the measurement; the files are removed before this completes.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="ArgumentException">The options have mistakes; the message names each.</exception>
    /// <exception cref="AioException">The folder does not exist, or no file can be written there.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<DurabilityReport> MeasureAsync(
        AioSystem system,
        string folder,
        DurabilityProbeOptions? options = null,
        IProgress<DurabilityProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new DurabilityProbeOptions();
        IReadOnlyList<string> mistakes = options.Validate();
        if (mistakes.Count != 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));

        string fileSystemId = system.FileSystem is OsFileSystem ? OsFileSystem.DeviceOf(folder) : folder;
        string key = $"{fileSystemId};{system.MethodName};{options.Key}";
        Measured measured = s_measured.GetOrCreateValue(system);
        await measured.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!options.IgnoreCache && measured.Reports.TryGetValue(key, out DurabilityReport? known)) return known;
            AioLoop loop = system.CreateLoop("durability-probe");
            try
            {
                ProbeSession session = new(system, folder, fileSystemId, options, progress, cancellationToken);
                DurabilityReport report = await loop.InvokeAsync(session.RunAsync).ConfigureAwait(false);
                measured.Reports[key] = report;
                return report;
            }
            finally
            {
                // Its thread ends when nothing is in flight; nobody may wait for that on a thread that a loop runs.
                await Task.Run(loop.Dispose, CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            measured.Gate.Release();
        }
    }

    private sealed class Measured
    {
        internal SemaphoreSlim Gate { get; } = new(1, 1);

        internal Dictionary<string, DurabilityReport> Reports { get; } = new(StringComparer.Ordinal);
    }
}
