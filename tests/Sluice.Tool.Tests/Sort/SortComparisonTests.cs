using System.Diagnostics;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>
/// <c>sluice sort</c> against the sort of coreutils in the C locale: the same bytes and the same exit code, for every kind of input.
/// </summary>
public sealed class SortComparisonTests
{
    private const int Share = 3;

    private static readonly string[][] s_options =
    [
        [], ["-r"], ["-u"], ["-s"], ["-n"], ["-nr"], ["-nu"], ["-ns"], ["-g"], ["-gr"], ["-gs"], ["-h"], ["-hs"], ["-M"], ["-Ms"], ["-f"],
            ["-fu"], ["-fs"], ["-d"], ["-df"], ["-i"], ["-b"], ["-bs"],
        ["-z"], ["-k2"], ["-k2,2"], ["-k", "2,2n"], ["-k2n", "-k1r"], ["-k2,2nr", "-s"], ["-k1,1", "-u"], ["-t:", "-k2,2n"],
            ["-t:", "-k3"], ["-t", ":", "-k2,2", "-k1,1r", "-s"], ["-t:", "-k4,4", "-u"],
        ["-k1.2"], ["-k1.2,1.3"], ["-k1.2b,1.4b"], ["-k2b,2"], ["-k2,2b"], ["-b", "-k2,3.1"], ["-k2.3,1.1"], ["-k9"], ["-k2,9"],
            ["-k1.100"], ["-k1,1.0"], ["-t:", "-k2.2,3.1"], ["-t:", "-k1,2.0r"],
        ["-r", "-k2,2"], ["-r", "-s", "-k2,2n"], ["-k2f,2", "-k1"], ["-n", "-k2"], ["-n", "-k2b"], ["-rk2"], ["-nrt:", "-k2"],
            ["-k1,1d", "-k2,2g"], ["-t", "a", "-k2"], ["-bf", "-k1,1"], ["-t\\0", "-k2"], ["--reverse", "--key=2,2", "--stable"],
    ];

    public static TheoryData<string> Kinds => [.. SortInputs.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheOutputIsTheSameForTheOptions(string kind)
    {
        // Every kind with a third of the options, another third for the next kind: all pairs would take minutes.
        using TestFolder folder = new();
        int seed = 0;
        int first = Array.IndexOf(SortInputs.Kinds, kind) % Share;
        foreach (string[] options in s_options.Where((_, index) => index % Share == first))
        {
            Random random = new(HashOf(kind) + seed++);
            string input = folder.PathOf("input");
            File.WriteAllBytes(input, SortInputs.Make(kind, random));
            Compare(folder, [.. options, input], kind, ["--method=sync"]);
        }
    }

    /// <summary>What seeds of <see cref="SortFuzzTests"/> found, in short.</summary>
    [Theory]
    [InlineData("-dz", "ab\0a\nb\0a c\0aab\0")]
    [InlineData("-V", ".hidden\n.5\n.hidden;-1\n.\n..\n.a.b\na.b\n\n")]
    [InlineData("-hf", "11e3\n1E\n 2m\n3M\n1k\n1K\n")]
    [InlineData("-Vf", "a-B2\nA-b10\na-b1\nB~\nb\n")]
    [InlineData("-Vd", "a-2\na10\na-1\na_3\n")]
    public void WhatChanceFoundOnceIsTheSame(string options, string input)
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("input"), input);
        Compare(folder, [options, folder.PathOf("input")], "found", ["--method=sync"]);
        Compare(folder, [options, "-s", folder.PathOf("input")], "found", ["--method=sync"]);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void WithLittleMemoryTheOutputIsTheSame(string method)
    {
        using TestFolder folder = new();
        int seed = 0;
        foreach (string kind in SortInputs.Kinds)
        {
            foreach (string[] options in (string[][])[[], ["-u"], ["-k2,2n", "-s"], ["-r"]])
            {
                Random random = new(HashOf(kind) + seed++);
                string[] inputs = [.. Enumerable.Range(0, random.Next(1, 4)).Select(number => folder.PathOf($"input{number}"))];
                foreach (string input in inputs)
                {
                    using FileStream stream = File.Create(input);
                    for (int part = 0; part < 8; part++) stream.Write(SortInputs.Make(kind, random));
                }

                string[] own = ["-S", random.Next(2) == 0 ? "64k" : "300k", "--parallel", random.Next(1, 4).ToString(), "--method",
                    method, "-T", folder.Root];
                if (random.Next(2) == 0) own = [.. own, "--batch-size=2"];
                Compare(folder, [.. options, .. inputs], kind, own);
                Assert.DoesNotContain(folder.Names, static name => name.Contains("sluice", StringComparison.Ordinal));
            }
        }
    }

    [Theory]
    [InlineData("-m")]
    [InlineData("-mu")]
    [InlineData("-mr")]
    [InlineData("-mn")]
    [InlineData("-ms")]
    public void FilesThatAreSortedAreMerged(string option)
    {
        using TestFolder folder = new();
        for (int seed = 0; seed < 12; seed++)
        {
            Random random = new(seed);
            string kind = SortInputs.Kinds[random.Next(SortInputs.Kinds.Length)];
            List<string> files = [];
            for (int number = 0; number < random.Next(1, 9); number++)
            {
                string raw = folder.PathOf("raw");
                File.WriteAllBytes(raw, SortInputs.Make(kind, random));
                string sorted = folder.PathOf($"sorted{number}");
                RunSort(["-" + option[2..] is "-" ? "-s" : "-" + option[2..], "-o", sorted, raw]);
                files.Add(sorted);
            }

            Compare(folder, [option, .. files], kind, seed % 2 == 0 ? ["--batch-size=3", "-T", folder.Root, "--method=sync"]
                : ["--method=sync"]);
        }
    }

    [Fact]
    public void CheckingSaysTheSame()
    {
        using TestFolder folder = new();
        foreach (string[] options in (string[][])[["-c"], ["-C"], ["-cu"], ["-cr"], ["-cn"], ["-c", "-k2,2n"], ["--check=quiet"]])
        {
            for (int seed = 0; seed < 8; seed++)
            {
                Random random = new(seed);
                string input = folder.PathOf("input");
                File.WriteAllBytes(input, SortInputs.Make(Pick(random, "sorted", "words", "numbers", "few distinct", "empty",
                    "all equal"), random));
                (int code, string error) = RunSort([.. options, input]);
                ToolRun run = ToolRun.Of(["sort", "--method=sync", .. options, input]);
                Assert.Equal(code, run.ExitCode);
                Assert.Equal(error.Replace("sort: ", "sluice sort: ", StringComparison.Ordinal), run.Error);
            }
        }
    }

    [Fact]
    public void TheOutputMayBeAnInput()
    {
        using TestFolder folder = new();
        foreach (string[] options in (string[][])[[], ["-m"], ["-S", "64k"]])
        {
            string file = folder.PathOf("file");
            string other = folder.PathOf("other");
            string expected = folder.PathOf("expected");
            Random random = new(1);
            File.WriteAllBytes(file, SortInputs.Make("sorted", random));
            File.WriteAllBytes(other, SortInputs.Make("sorted", random));
            RunSort(["-o", expected, file, other]);
            ToolRun.Of(["sort", .. options, "-o", file, other, file]).Succeeds();
            Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void OneLineOf10MegabytesIsSorted()
    {
        using TestFolder folder = new();
        string input = folder.PathOf("input");
        byte[] line = new byte[10_000_000];
        line.AsSpan().Fill((byte)'q');
        File.WriteAllBytes(input, [.. "z\na\n"u8, .. line, .. "\nb\n"u8]);
        Compare(folder, [input], "10 MB line", ["-S", "1M", "-T", folder.Root]);
        Compare(folder, ["-k1.5", input], "10 MB line", ["-S", "1M", "-T", folder.Root]);
        File.WriteAllBytes(input, line);
        Compare(folder, [input], "10 MB line alone", ["-S", "64k", "-T", folder.Root]);
    }

    [Fact]
    public void StandardInputAndOutputAreUsedWithoutFiles()
    {
        using TestFolder folder = new();
        string input = folder.PathOf("input");
        File.WriteAllBytes(input, SortInputs.Make("words", new Random(5)));
        RunSort(["-o", folder.PathOf("expected"), input]);
        string tool = Path.Combine(AppContext.BaseDirectory, "Sluice.Tool.dll");
        foreach (string command in (string[])[$"cat '{input}' | dotnet '{tool}' sort > out", $"dotnet '{tool}' sort - < '{input}' > out",
            $"dotnet '{tool}' sort -S 64k '{input}' | cat > out"])
        {
            using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = folder.Root })!;
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
            Assert.Equal(File.ReadAllBytes(folder.PathOf("expected")), File.ReadAllBytes(folder.PathOf("out")));
        }
    }

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    private static int HashOf(string text) => text.Aggregate(7, static (hash, letter) => (hash * 31) + letter);

    private static void Compare(TestFolder folder, string[] arguments, string kind, string[]? own = null)
    {
        string expected = folder.PathOf("expected");
        string found = folder.PathOf("found");
        File.Delete(expected);
        File.Delete(found);
        (int code, _) = RunSort(["-o", expected, .. arguments]);
        ToolRun run = ToolRun.Of(["sort", "-o", found, .. own ?? [], .. arguments]);
        string what = $"{kind}: {string.Join(' ', own ?? [])} {string.Join(' ', arguments)}: {run.Error}";
        Assert.True(code == run.ExitCode, $"{what}: exit code {run.ExitCode}, expected {code}");
        byte[] right = File.ReadAllBytes(expected);
        byte[] actual = File.ReadAllBytes(found);
        int same = right.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == right.Length && same == actual.Length,
            $"{what}: differs at byte {same} of {right.Length}; {actual.Length} were written. "
            + $"{Around(right, same)} / {Around(actual, same)}");
    }

    private static string Around(byte[] bytes, int at) =>
        System.Text.Encoding.Latin1.GetString(bytes.AsSpan(Math.Max(0, at - 30)..Math.Min(bytes.Length, at + 30))).Replace("\n", "\\n",
            StringComparison.Ordinal);

    private static (int ExitCode, string Error) RunSort(string[] arguments)
    {
        ProcessStartInfo start = new("sort", arguments) { RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}
