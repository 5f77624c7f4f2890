using System.Diagnostics;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>Shell commands with sort in them do the same with <c>sluice sort</c>: what they print, how they end, what they leave.</summary>
public sealed class SortPipelineTests
{
    // Many sorts in one shell: a process takes its time to start. After each command stands what is left and how it ended.
    private static readonly string[][] s_commands =
    [
        [
            "cat in | {sort}", "{sort} < in", "{sort} - in2 < in", "{sort} in - < in2", "{sort} < /dev/null", "{sort} /dev/null in",
            "{sort} <(cat in) <(cat in2)", "mkfifo pipe; cat in > pipe & {sort} pipe", "{sort} -m sorted - < sorted2",
        ],
        [
            "{sort} -o in in in2; cat in", "{sort} -m -o sorted sorted2 sorted; cat sorted", "{sort} in -o out; cat out",
            "{sort} -o /dev/stdout in | cat", "{sort} -o /dev/null in", "{sort} -o out in; {sort} -ro out out; cat out",
            "{sort} -o /dev/stdout in > out; cat out",
        ],
        [
            "chmod 640 in; {sort} -o in in; stat -c %a in", "umask 027; {sort} -o new in; stat -c %a new", "{sort} -- in; {sort} -r -- in2",
            "ln in link; {sort} -o in in; cat link; stat -c %h in", "ln -s in soft; {sort} -o soft soft; cat in; readlink soft",
            "mkdir far; ln -s ../in far/soft; {sort} -o far/soft in2; cat in",
        ],
        [
            "printf 'in\\0in2\\0' | {sort} --files0-from=-", "printf 'in\\0in2' > names; {sort} --files0-from=names",
            "printf 'in\\0' > names; {sort} --files0-from names in2 2> errors", "{sort} --files0-from=empty 2> errors",
            "printf 'in\\0\\0in2\\0' | {sort} --files0-from=- 2> errors", "printf 'in\\0-\\0' | {sort} --files0-from=- 2> errors",
            "printf 'in\\0in2\\0' > names; {sort} -c --files0-from=names 2> errors",
        ],
        [
            "{sort} missing 2> errors", "{sort} in missing 2> errors", "{sort} /proc/self/mem 2> errors", "{sort} . 2> errors",
            "{sort} in > /dev/full 2> errors", "{sort} -o missing/out in 2> errors", "{sort} -k1.0 in 2> errors",
            "{sort} -c - < in 2>&1 | sed s/^sluice.//", "{sort} -cu sorted sorted2 2> errors",
            "printf 'b\\n\\xff\\n\\xfe\\n' | {sort} -c 2>&1 | sed s/^sluice.//",
        ],
        [
            "{sort} large | head -c 100; echo ${PIPESTATUS[0]}", "{sort} large | :; echo ${PIPESTATUS[0]}",
            "seq 100000 | {sort} -n | head -3", "{sort} -y10 in", "{sort} -rynot in; {sort} -y 7 in", "{sort} -y in in2",
        ],
    ];

    public static TheoryData<int> Groups => [.. Enumerable.Range(0, s_commands.Length)];

    [Theory]
    [MemberData(nameof(Groups))]
    public void ACommandDoesTheSame(int group)
    {
        foreach (string command in s_commands[group])
        {
            string expected = Run(command, "sort");
            string found = Run(command, $"dotnet {Path.Combine(AppContext.BaseDirectory, "Sluice.Tool.dll")} sort");
            Assert.True(expected == found, $"{command}\nfound: {found}\nexpected: {expected}");
        }
    }

    private static string Run(string command, string sort)
    {
        using TestFolder folder = new();
        Random random = new(command.Length);
        File.WriteAllBytes(folder.PathOf("in"), SortInputs.Make("words", random));
        File.WriteAllBytes(folder.PathOf("in2"), SortInputs.Make("fields", random));
        File.WriteAllBytes(folder.PathOf("sorted"), SortInputs.Make("sorted", random));
        File.WriteAllBytes(folder.PathOf("sorted2"), SortInputs.Make("sorted", random));
        File.WriteAllBytes(folder.PathOf("empty"), []);
        if (command.Contains("large", StringComparison.Ordinal))
        {
            File.WriteAllLines(folder.PathOf("large"), Enumerable.Range(0, 400_000).Select(static number => $"{number * 7919L % 400_009}"));
        }

        // What this process ignores its children do too, and a shell cannot change that.
        string script = command.Replace("{sort}", sort, StringComparison.Ordinal);
        ProcessStartInfo start = new("env", ["--default-signal=PIPE", "bash", "-c", script])
        {
            WorkingDirectory = folder.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = System.Text.Encoding.Latin1,
        };
        start.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        // Whoever cannot write has made the output already, and found it empty.
        IEnumerable<string> left = folder.Names.Where(static name => name != "errors");
        return $"{output}ended with {process.ExitCode}, said {error.Result}, left {string.Join(' ', left)}";
    }
}
