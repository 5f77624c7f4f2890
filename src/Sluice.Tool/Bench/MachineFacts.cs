using System.Globalization;
using System.Runtime.InteropServices;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench;

/// <summary>Where it was measured; nothing that names the machine or its user.</summary>
/// <param name="Facts">Name and value, in order.</param>
internal sealed record MachineFacts(IReadOnlyList<KeyValuePair<string, string>> Facts)
{
    /// <summary>Reads what there is to know. What cannot be read is left out.</summary>
    /// <param name="path">The data file.</param>
    internal static MachineFacts Read(string path)
    {
        List<KeyValuePair<string, string>> facts =
        [
            new(
                "Processor",
                $"{ProcessorName() ?? $"{RuntimeInformation.ProcessArchitecture}"}, {Environment.ProcessorCount} cores for this process"),
            new("Memory", ByteSize.Format(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)),
            new("System", RuntimeInformation.OSDescription.Trim()),
            new("Kernel", Lines("/proc/sys/kernel/osrelease").FirstOrDefault() ?? Environment.OSVersion.VersionString),
            new(".NET", Environment.Version.ToString()),
        ];
        if (Mount(path) is { } mount)
        {
            facts.Add(new("File system", mount.FileSystem));
            facts.Add(new("Device", DeviceText(mount)));
        }

        facts.Add(new("Date", DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)));
        return new MachineFacts(facts);
    }

    private static string? ProcessorName() => Lines("/proc/cpuinfo")
        .Where(static line => line.StartsWith("model name", StringComparison.Ordinal))
        .Select(static line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())
        .FirstOrDefault();

    // Fields of mountinfo: id, parent, major:minor, root, mount point, options, optional fields, "-", type, source, super options.
    private static (string FileSystem, string Source, string Number)? Mount(string path)
    {
        string full = Path.GetFullPath(path);
        (string, string, string)? best = null;
        int bestLength = -1;
        foreach (string line in Lines("/proc/self/mountinfo"))
        {
            string[] fields = line.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (separator < 5 || fields.Length < separator + 3) continue;
            string point = fields[4].Replace("\\040", " ", StringComparison.Ordinal);
            bool holds = full == point || full.StartsWith(point.TrimEnd('/') + "/", StringComparison.Ordinal);
            if (!holds || point.Length < bestLength) continue;
            bestLength = point.Length;
            best = (fields[separator + 1], fields[separator + 2], fields[2]);
        }

        return best;
    }

    private static string DeviceText((string FileSystem, string Source, string Number) mount)
    {
        if (mount.FileSystem is "tmpfs" or "ramfs") return "memory: no device is involved";
        string queue = $"/sys/dev/block/{mount.Number}/queue";
        if (!Directory.Exists(queue)) queue = $"/sys/dev/block/{mount.Number}/../queue";
        string? rotational = Lines($"{queue}/rotational").FirstOrDefault();
        string? scheduler = Lines($"{queue}/scheduler").FirstOrDefault();
        string? model = Lines($"{queue}/../device/model").FirstOrDefault()?.Trim();
        string kind = rotational switch { "0" => ", not rotating", _ => "" };
        return $"{mount.Source}{(model is null ? "" : $" ({model})")}{kind}{(scheduler is null ? "" : $", scheduler {Chosen(scheduler)}")}";
    }

    // The one in use stands in brackets.
    private static string Chosen(string schedulers)
    {
        int open = schedulers.IndexOf('[', StringComparison.Ordinal);
        int close = schedulers.IndexOf(']', StringComparison.Ordinal);
        return open >= 0 && close > open ? schedulers[(open + 1)..close] : schedulers;
    }

    private static IEnumerable<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or not for this user: a fact less.
            return [];
        }
    }
}
