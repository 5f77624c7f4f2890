using System.Diagnostics;
using System.Globalization;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>
/// <c>sluice sort</c> against the sort of coreutils with options, keys and inputs that a seed chooses: the same bytes, the same exit
/// code, the same line of disorder. <c>SLUICE_SEEDS</c> says how many seeds, <c>SLUICE_SEED</c> with which to begin.
/// </summary>
public sealed class SortFuzzTests
{
    private const int SeedsUnlessSaid = 24;
    private const int CasesPerSeed = 10;

    [Fact]
    public void AnyCombinationOfOptionsGivesWhatGnuSortGives()
    {
        int first = NumberFrom("SLUICE_SEED", 1);
        int count = NumberFrom("SLUICE_SEEDS", SeedsUnlessSaid);
        List<string> differences = [];
        for (int seed = first; seed < first + count && differences.Count < 10; seed++)
        {
            Random random = new(seed);
            for (int number = 0; number < CasesPerSeed; number++)
            {
                if (Play(random) is { } difference) differences.Add($"SLUICE_SEED={seed}: {difference}");
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static string? Play(Random random)
    {
        SortCase play = SortCase.Make(random);
        using TestFolder gnu = new();
        using TestFolder own = new();
        play.WriteFiles(gnu.Root);
        play.WriteFiles(own.Root);
        ProcessStartInfo start = new("sort", play.ArgumentsIn(gnu.Root)) { RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        ToolRun run = ToolRun.Of(["sort", "--method=" + play.Method, .. play.ArgumentsIn(own.Root)]);
        string what = $"{play}: ";
        if (process.ExitCode != run.ExitCode)
        {
            return $"{what}exit code {run.ExitCode}, expected {process.ExitCode}: {error.TrimEnd()} / {run.Error.TrimEnd()}";
        }

        if (run.ExitCode == 1)
        {
            string expected = error.Replace("sort: ", "sluice sort: ", StringComparison.Ordinal);
            string found = run.Error.Replace(own.Root, gnu.Root, StringComparison.Ordinal);
            return found == expected ? null : $"{what}{found} / {expected}";
        }

        if (run.ExitCode != 0) return run.Output.Length == 0 && run.Error.Length != 0 ? null : $"{what}said {run.Error}";
        foreach (string name in gnu.Names.Union(own.Names))
        {
            if (Directory.Exists(gnu.PathOf(name))) continue;
            if (!File.Exists(own.PathOf(name)) || !File.Exists(gnu.PathOf(name))) return $"{what}{name} is only in one folder";
            byte[] right = File.ReadAllBytes(gnu.PathOf(name));
            byte[] actual = File.ReadAllBytes(own.PathOf(name));
            if (!right.AsSpan().SequenceEqual(actual))
            {
                return $"{what}{name} is {SortCase.Show(actual)}, expected {SortCase.Show(right)}; input {play.ShowInputs()}";
            }
        }

        return null;
    }

    private static int NumberFrom(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
