using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>What goes wrong is one line, ends with 2, and leaves nothing behind.</summary>
public sealed class SortRefusalTests
{
    [Theory]
    [InlineData("-k0", "fields are numbered from 1")]
    [InlineData("-k1.0", "characters are numbered from 1")]
    [InlineData("-kx", "a number is missing")]
    [InlineData("-k1,", "a number is missing")]
    [InlineData("-k1q", "'q' means nothing there")]
    [InlineData("-k2V", "orders V and R are not there")]
    [InlineData("-V", "cannot do -V")]
    [InlineData("-q", "no option '-q'")]
    [InlineData("--quick", "no option '--quick'")]
    [InlineData("--s", "Known: --sort, --stable, --stats")]
    [InlineData("-t,,", "give one byte")]
    [InlineData("-t", "needs a value after -t")]
    [InlineData("-S5x", "give a size such as 256M")]
    [InlineData("-ng", "contradict each other")]
    [InlineData("--parallel=0", "give a whole number from 1")]
    [InlineData("--method=nosuch", "nosuch")]
    [InlineData("--method=null", "moves no data")]
    public void ABadOptionIsNamed(string option, string text) => ToolRun.Of("sort", option).HasOneLine(2, "sluice sort: ", text);

    [Fact]
    public void AMissingInputIsNamedBeforeAnythingIsDone()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("there"), "a\n");
        ToolRun.Of("sort", "-o", folder.PathOf("out"), folder.PathOf("there"), folder.PathOf("nowhere")).HasOneLine(2,
            folder.PathOf("nowhere"), "no such file");
        ToolRun.Of("sort", "-o", folder.PathOf("out"), folder.Root).HasOneLine(2, "it is a folder");
        Assert.Equal(["there"], folder.Names);
    }

    [Fact]
    public void AnOutputThatCannotBeWrittenIsNamed()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("there"), "a\n");
        ToolRun.Of("sort", "-o", folder.PathOf("no/such/folder"), folder.PathOf("there")).HasOneLine(2, "no/such/folder", "ENOENT");
        if (File.Exists("/dev/full")) ToolRun.Of("sort", "-o", "/dev/full", folder.PathOf("there")).HasOneLine(2, "/dev/full", "ENOSPC");
    }

    [Fact]
    public void ATemporaryDirectoryThatIsNotThereIsNamed()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("there"), "a\n");
        ToolRun.Of("sort", "-T", folder.PathOf("nowhere"), "-o", folder.PathOf("out"), folder.PathOf("there")).HasOneLine(2,
            folder.PathOf("nowhere"));
    }

    [Fact]
    public void SeveralFilesToCheckAndSeveralOutputsAreRefused()
    {
        ToolRun.Of("sort", "-c", "a", "b").HasOneLine(2, "'b' is one too many");
        ToolRun.Of("sort", "-o", "a", "-o", "b").HasOneLine(2, "give -o once");
    }

    [Fact]
    public void AStoppedSortLeavesNothingBehindAndItsOutputUntouched()
    {
        using TestFolder folder = new();
        folder.Make("input", 30 << 20);
        File.WriteAllText(folder.PathOf("out"), "as it was");
        using CancellationTokenSource stop = new();
        stop.Cancel();
        ToolRun run = ToolRun.Of(stop.Token, "sort", "-S", "1M", "-T", folder.Root, "-o", folder.PathOf("out"), folder.PathOf("input"));
        run.HasOneLine(2, "Stopped.");
        Assert.Equal(["input", "out"], folder.Names);
        Assert.Equal("as it was", File.ReadAllText(folder.PathOf("out")));
    }

    [Theory]
    [InlineData(ToolProcess.Interrupt)]
    [InlineData(ToolProcess.Terminate)]
    [InlineData(ToolProcess.Kill)]
    public void ASortThatASignalEndsLeavesNothingBehind(int signal)
    {
        using TestFolder folder = new();
        folder.Make("input", 200 << 20);
        using ToolProcess process = new(null, "sort", "-S", "2M", "-T", folder.Root, "-o", folder.PathOf("out"), folder.PathOf("input"));
        process.WaitUntil(() => OpensInside(process.Id, folder.Root), "Writing a run");
        process.Send(signal);
        ToolRun run = process.WaitForExit();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal(["input"], folder.Names);
    }

    [Fact]
    public void StatisticsAreOneLineOnTheErrorOutput()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("there"), "b\na\n");
        ToolRun run = ToolRun.Of("sort", "--stats", "-o", folder.PathOf("out"), folder.PathOf("there"));
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("2 lines, 4 B", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    private static bool OpensInside(int process, string folder)
    {
        try
        {
            return Directory.GetFileSystemEntries($"/proc/{process}/fd").Any(path => new FileInfo(path).LinkTarget is { } target
                && target.StartsWith(folder, StringComparison.Ordinal) && target.Contains("deleted", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
