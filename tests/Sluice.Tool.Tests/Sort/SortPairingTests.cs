using System.Diagnostics;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>
/// Every two letters that say how keys are compared, for all keys and for one, and every three for one: what GNU sort takes is taken and
/// sorted as it does, and what it refuses is refused, in one line.
/// </summary>
public sealed class SortPairingTests
{
    private const string Letters = "bdfghiMnrRV";

    private const string Lines = "b 10\na 9K\n jan -3\nJan 2M\nfeb\t1e2\n\u0001x 010\nX! 10\nfile1.10 nan\nfile1.9 -0\n\n  \nA 9k\n";

    public static TheoryData<char> Firsts => [.. Letters];

    [Theory]
    [MemberData(nameof(Firsts))]
    public void WhatGnuSortTakesIsTakenAndWhatItRefusesIsRefused(char first)
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("in"), Lines, System.Text.Encoding.Latin1);
        List<string> differences = [];
        foreach (string letters in Combinations(first))
        {
            Compare(folder, differences, $"-k2{letters}", "-k1");
            if (letters.Length < 3) Compare(folder, differences, $"-{letters}");
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static IEnumerable<string> Combinations(char first)
    {
        int from = Letters.IndexOf(first, StringComparison.Ordinal);
        yield return $"{first}";
        for (int second = from + 1; second < Letters.Length; second++)
        {
            yield return $"{first}{Letters[second]}";
            for (int third = second + 1; third < Letters.Length; third++) yield return $"{first}{Letters[second]}{Letters[third]}";
        }
    }

    private static void Compare(TestFolder folder, List<string> differences, params string[] options)
    {
        string what = string.Join(' ', options);
        string[] arguments = [.. options, "-o", folder.PathOf("gnu"), folder.PathOf("in")];
        ProcessStartInfo start = new("sort", arguments) { RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        ToolRun run = ToolRun.Of(["sort", "--method=sync", .. options, "-o", folder.PathOf("own"), folder.PathOf("in")]);
        if (run.ExitCode != process.ExitCode)
        {
            differences.Add($"{what}: exit code {run.ExitCode}, expected {process.ExitCode}. {run.Error.TrimEnd()}");
        }
        else if (run.ExitCode != 0)
        {
            run.HasOneLine(2, "sluice sort: ", "contradict each other");
        }
        else if (what.Contains('R', StringComparison.Ordinal))
        {
            // Another order by chance, of the same lines.
            string found = File.ReadAllText(folder.PathOf("own"), System.Text.Encoding.Latin1);
            Assert.Equal(Lines.Split('\n').Order(), found.Split('\n').Order());
        }
        else if (!File.ReadAllBytes(folder.PathOf("own")).AsSpan().SequenceEqual(File.ReadAllBytes(folder.PathOf("gnu"))))
        {
            differences.Add($"{what}: another order.");
        }
    }
}
