using Sluice.Storage;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Storage;

/// <summary>What the storage scenarios cannot do, each with the line that says so.</summary>
internal static class StorageRefusals
{
    private const long SizeBytesDefault = 1L << 30;

    /// <summary>How large the relation shall be.</summary>
    internal static long SizeBytes(BenchRequest request) => request.SizeBytes ?? SizeBytesDefault;

    /// <summary>Refuses what cannot be done as asked, before anything is made.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    internal static void Require(BenchRequest request)
    {
        RequireNoneOfTheOthers(request);
        long size = SizeBytes(request);
        if (size < StorageLimits.PageBytes)
        {
            throw new UsageException(
                $"--size {BenchText.Argument(size)} is less than one page of {BenchText.Argument(StorageLimits.PageBytes)}.");
        }

        if (request.Scenario == Scenario.Checkpoint) RequirePages(request, size / StorageLimits.PageBytes);
        if (request.DataDirectory is { } directory) RequireOwn(directory);
    }

    private static void RequireNoneOfTheOthers(BenchRequest request)
    {
        if (request.File is not null)
        {
            throw new UsageException(
                $"--file does not go with {Names.StorageScenarios}: they work on a data directory (--data-directory).");
        }

        if (request.Mode is not null) throw new UsageException($"--mode does not go with {Names.StorageScenarios}: each has one way.");
        if (request.Durable is not null) throw new UsageException("--durable goes with logwrite.");
        if (request.Threads != 1)
        {
            throw new UsageException(
                $"--threads does not go with {Names.StorageScenarios}: each is one flow, and --depth says how much it has in flight.");
        }

        if (request.Overwrites)
        {
            throw new UsageException(
                $"--overwrite does not go with {Names.StorageScenarios}: it lets --file be written, and they write relations of their own.");
        }

        if (request.BlockBytes != StorageLimits.PageBytes)
        {
            throw new UsageException(
                $"--block does not go with {Names.StorageScenarios}: pages have {StorageLimits.PageBytes} bytes; --combine says how "
                    + $"many one I/O may have.");
        }
    }

    private static void RequirePages(BenchRequest request, long blocks)
    {
        if (request.Pages > blocks)
        {
            throw new UsageException(
                $"--pages {request.Pages} are more than --size {BenchText.Argument(SizeBytes(request))} has: {blocks}.");
        }

        // Runs begin at multiples of their length: each needs a place of its own.
        long runs = (request.Pages + request.RunPages - 1L) / request.RunPages;
        if (runs <= blocks / request.RunPages) return;
        throw new UsageException(
            $"--pages {request.Pages} in runs of {request.RunPages} need {runs} whole runs and --size "
                + $"{BenchText.Argument(SizeBytes(request))} has {blocks / request.RunPages}: make it larger, or --run smaller.");
    }

    // A relation of a server's that has the number of the scenarios' would be written.
    private static void RequireOwn(string directory)
    {
        if (File.Exists(directory)) throw new UsageException($"--data-directory {directory} is a file: name a folder.");
        string[] marks = ["PG_VERSION", Path.Combine("global", "pg_control")];
        if (!marks.Any(mark => File.Exists(Path.Combine(directory, mark)))) return;
        throw new UsageException(
            $"--data-directory {directory} is the data directory of a server, whose relations would be written: name an empty folder.");
    }
}
