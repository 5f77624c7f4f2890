using System.Globalization;
using Sluice.Methods;
using Sluice.Methods.Simulated;

[assembly: IoMethodPlugin("simulated", typeof(SimulatedMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.Methods.Simulated;

/// <summary>
/// Makes the io_method <c>simulated</c>: for a disk that the host made, or, as an ordinary plugin, for one of its own, empty at first.
/// </summary>
/// <remarks>
/// Settings, without a disk of the host's: <c>seed</c>, <c>sector_bytes</c> (512 or 4096), <c>capacity_bytes</c>, <c>latency_percent</c>
/// (of the usual; 0 for none), and rates in faults per million operations: <c>reorder_ppm</c>, <c>short_ppm</c>, <c>error_ppm</c>,
/// <c>flush_failure_ppm</c>, <c>again_ppm</c>. With <c>os_files</c> the files are the operating system's, done in virtual time and its
/// order; then only faults of time are made.
/// </remarks>
public sealed class SimulatedMethodFactory : IIoMethodFactory
{
    private const double Million = 1_000_000;
    private readonly SimulatedDisk? _disk;

    /// <summary>For a disk that is made from settings.</summary>
    public SimulatedMethodFactory()
    {
    }

    /// <summary>For a disk that outlives the system.</summary>
    /// <param name="disk">The disk.</param>
    public SimulatedMethodFactory(SimulatedDisk disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        _disk = disk;
    }

    /// <inheritdoc/>
    public IoMethodAvailability Probe(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            if (_disk is null) MakeOptions(settings);
            else settings.RefuseUnknown();
            return IoMethodAvailability.Available;
        }
        catch (IoMethodException exception)
        {
            return IoMethodAvailability.Unavailable(exception.Message);
        }
    }

    /// <inheritdoc/>
    public IoMethod Create(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (_disk is null)
        {
            return new SimulatedMethod(
                new SimulatedDisk(MakeOptions(settings)), settings.ContextsMax, settings.GetBoolean("os_files", false));
        }

        settings.RefuseUnknown();
        return new SimulatedMethod(_disk, settings.ContextsMax);
    }

    private static SimulatedDiskOptions MakeOptions(IoMethodSettings settings)
    {
        settings.RefuseUnknown(
            "seed",
            "sector_bytes",
            "capacity_bytes",
            "latency_percent",
            "reorder_ppm",
            "short_ppm",
            "error_ppm",
            "flush_failure_ppm",
            "again_ppm",
            "os_files");
        _ = settings.GetBoolean("os_files", false);
        int sectorBytes = settings.GetInt32("sector_bytes", 4096, 512, 4096);
        if (sectorBytes is not (512 or 4096)) throw new IoMethodException($"Setting 'sector_bytes' is '{sectorBytes}': give 512 or 4096.");
        int percent = settings.GetInt32("latency_percent", 100, 0, 100_000);
        DiskLatency usual = new();
        FaultPlan plan = FaultPlan.None;
        Add("reorder_ppm", FaultKind.Reorder);
        Add("short_ppm", FaultKind.ShortRead);
        Add("short_ppm", FaultKind.ShortWrite);
        Add("error_ppm", FaultKind.TransientError);
        Add("flush_failure_ppm", FaultKind.FlushFailure);
        Add("again_ppm", FaultKind.Again);
        return new SimulatedDiskOptions
        {
            Seed = (ulong)GetInt64(settings, "seed", 1, 0),
            SectorBytes = sectorBytes,
            CapacityBytes = GetInt64(settings, "capacity_bytes", long.MaxValue, 4096),
            CreatesFolders = true,
            Faults = plan,
            Latency = new DiskLatency
            {
                Read = usual.Read * percent / 100,
                Write = usual.Write * percent / 100,
                Flush = usual.Flush * percent / 100,
                Jitter = usual.Jitter * percent / 100,
            },
        };

        void Add(string name, FaultKind kind)
        {
            int rate = settings.GetInt32(name, 0, 0, (int)Million);
            if (rate != 0) plan = plan.With(kind, rate / Million);
        }
    }

    private static long GetInt64(IoMethodSettings settings, string name, long defaultValue, long minimum)
    {
        if (!settings.Values.TryGetValue(name, out string? text)) return defaultValue;
        bool isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value);
        return isNumber && value >= minimum
            ? value
            : throw new IoMethodException($"Setting '{name}' is '{text}': give a whole number of at least {minimum}.");
    }
}
