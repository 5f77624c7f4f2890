using System.Globalization;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Storage;

/// <summary>What <c>sluice verify</c> says. Keeps a bounded number of bad blocks, and counts all.</summary>
/// <param name="folder">The data directory.</param>
internal sealed class VerifyReport(string folder)
{
    private const int KeptMax = 10_000;
    private readonly List<BadBlock> _bad = [];
    private readonly List<ClusterProblem> _problems = [];

    internal string Folder { get; } = folder;

    internal string MethodName { get; set; } = "";

    internal ControlFile Control { get; set; } = null!;

    internal ClusterVerification Outcome { get; set; } = null!;

    internal void Add(BadBlock block)
    {
        if (_bad.Count < KeptMax) _bad.Add(block);
    }

    internal void Add(ClusterProblem problem)
    {
        if (_problems.Count < KeptMax) _problems.Add(problem);
    }

    internal void WriteText(TextWriter output)
    {
        foreach (BadBlock bad in InOrder()) output.WriteLine($"{bad.Path}: block {bad.BlockNumber}: {Describe(bad)}");
        WriteOmitted(output, Outcome.BadBlockCount - _bad.Count, "bad blocks");
        foreach (ClusterProblem problem in _problems) output.WriteLine($"{problem.Path}: {problem.Message}");
        WriteOmitted(output, Outcome.ProblemCount - _problems.Count, "problems");
        string problems = Outcome.ProblemCount == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {Outcome.ProblemCount:N0} not readable");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Folder}: PostgreSQL {Control.MajorVersion}, {Outcome.FileCount:N0} files, {Outcome.BlockCount:N0} blocks, "
                + $"{Outcome.BadBlockCount:N0} bad{problems}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{ByteSize.Format(Outcome.ReadBytes)} in {Outcome.Elapsed.TotalSeconds:0.00} s, {MebibytesPerSecond:0} MiB/s, io_method "
                + $"{MethodName}"));
    }

    internal object ToJson() => new
    {
        dataDirectory = Folder,
        postgresqlVersion = Control.MajorVersion,
        checksumVersion = Control.ChecksumVersion,
        method = MethodName,
        files = Outcome.FileCount,
        blocks = Outcome.BlockCount,
        badBlocks = Outcome.BadBlockCount,
        problems = Outcome.ProblemCount,
        bytes = Outcome.ReadBytes,
        seconds = Math.Round(Outcome.Elapsed.TotalSeconds, 3),
        mebibytesPerSecond = Math.Round(MebibytesPerSecond, 1),
        bad = InOrder().Select(static bad => new
        {
            file = bad.Path,
            block = bad.BlockNumber,
            expected = Hex(bad.Expected),
            found = Hex(bad.Found),
            what = bad.Verdict switch
            {
                PageVerdict.BadChecksum => "checksum",
                PageVerdict.BadHeader => "header",
                _ => "header and checksum",
            },
        }),
        notReadable = _problems.Select(static problem => new { file = problem.Path, reason = problem.Message }),
    };

    private double MebibytesPerSecond => Outcome.ReadBytes / 1048576.0 / Math.Max(Outcome.Elapsed.TotalSeconds, 1e-6);

    private IEnumerable<BadBlock> InOrder() => _bad.OrderBy(static bad => bad.Path, StringComparer.Ordinal).ThenBy(static bad =>
        bad.BlockNumber);

    private static string Describe(BadBlock bad) => bad.Verdict switch
    {
        PageVerdict.BadHeader when bad.Expected == bad.Found => "its header contradicts itself",
        PageVerdict.BadHeader => "it says that it was never written, and is not empty",
        _ =>
            $"expected checksum {Hex(bad.Expected)}, found "
                + $"{Hex(bad.Found)}{(bad.Verdict == PageVerdict.BadBoth ? "; its header contradicts itself" : "")}",
    };

    private static string Hex(ushort checksum) => checksum.ToString("X4", CultureInfo.InvariantCulture);

    private static void WriteOmitted(TextWriter output, long count, string what)
    {
        if (count > 0) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"… and {count:N0} more {what}"));
    }
}
