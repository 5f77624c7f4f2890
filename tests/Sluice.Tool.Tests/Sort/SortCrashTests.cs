using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>
/// However a sort is ended, and whenever: no temporary file stays, and under the name of the output stands what was there before.
/// </summary>
public sealed class SortCrashTests
{
    private const int SignalBase = 128;

    public static TheoryData<int, bool> Ends
    {
        get
        {
            TheoryData<int, bool> data = [];
            foreach (int signal in (int[])[ToolProcess.Interrupt, ToolProcess.Terminate, ToolProcess.Kill])
            {
                data.Add(signal, false);
                data.Add(signal, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void ASortThatASignalEndsLeavesNothingAndItsOutputAsItWas(int signal, bool isMerging)
    {
        using TestFolder folder = new();
        string temporary = Directory.CreateDirectory(folder.PathOf("tmp")).FullName;
        string results = Directory.CreateDirectory(folder.PathOf("results")).FullName;
        string output = Path.Combine(results, "out");
        File.WriteAllText(output, "as it was\n");
        folder.Make("input", 160 << 20);
        using (ToolProcess process = new(null, "sort", "-S", "2M", "-T", temporary, "-o", output, folder.PathOf("input")))
        {
            string written = isMerging ? results : temporary;
            process.WaitUntil(() => HasWrittenInside(process.Id, written), $"Writing in {written}");
            process.Send(signal);
            ToolRun run = process.WaitForExit();
            Assert.Equal(SignalBase + signal, run.ExitCode);
        }

        Assert.Equal("as it was\n", File.ReadAllText(output));
        Assert.Equal(["out"], Directory.GetFileSystemEntries(results).Select(Path.GetFileName));
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }

    [Fact]
    public void WhatAProcessLeftThatDiedWhileItNamedItsOutputIsRemovedByTheNextSort()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("input"), "b\na\n");
        File.WriteAllText(folder.PathOf("out"), "");
        File.WriteAllText(folder.PathOf($".sluice-{new string('a', 32)}.tmp"), "left by the dead");
        File.WriteAllText(folder.PathOf(".sluice-mine.tmp"), "somebody else's");
        ToolRun.Of("sort", "-o", folder.PathOf("out"), folder.PathOf("input")).Succeeds();
        Assert.Equal([".sluice-mine.tmp", "input", "out"], folder.Names);
        Assert.Equal("a\nb\n", File.ReadAllText(folder.PathOf("out")));
    }

    [Fact]
    public void AFileThatNothingCanBePutBesideIsWrittenInPlace()
    {
        // A file with a second name would lose it, were another put in its place.
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("out"), "c\nb\na\n");
        using System.Diagnostics.Process link = System.Diagnostics.Process.Start("ln", [folder.PathOf("out"), folder.PathOf("other")]);
        link.WaitForExit();
        ToolRun.Of("sort", "-o", folder.PathOf("out"), folder.PathOf("out")).Succeeds();
        ToolRun.Of("sort", "-m", "-o", folder.PathOf("out"), folder.PathOf("out"), folder.PathOf("other")).Succeeds();
        Assert.Equal("a\na\nb\nb\nc\nc\n", File.ReadAllText(folder.PathOf("other")));
        Assert.Equal(["other", "out"], folder.Names);
    }

    internal static bool HasWrittenInside(int process, string folder)
    {
        try
        {
            return Directory.GetFileSystemEntries($"/proc/{process}/fd").Any(path =>
            {
                if (new FileInfo(path).LinkTarget is not { } target || !target.StartsWith(folder, StringComparison.Ordinal)) return false;
                using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite);
                return RandomAccess.GetLength(file) > 0;
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
