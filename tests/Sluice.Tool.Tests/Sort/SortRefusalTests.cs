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
    [InlineData("-Vn", "contradict each other")]
    [InlineData("-nR", "contradict each other")]
    [InlineData("-Md", "contradict each other")]
    [InlineData("--debug", "cannot do --debug")]
    [InlineData("--reverse=1", "takes no value after --reverse")]
    [InlineData("--sort=bytes", "give one of general-numeric")]
    [InlineData("-cC", "-c and -C: choose one")]
    [InlineData("-S1Y", "too large")]
    [InlineData("-S%", "give a size such as 256M")]
    [InlineData("-t,;", "give one byte")]
    [InlineData("--files0-from=/no/such/file", "/no/such/file")]
    [InlineData("+1", "the old form of -k")]
    [InlineData("-q", "no option '-q'")]
    [InlineData("-y", "needs a value after -y")]
    [InlineData("--quick", "no option '--quick'")]
    [InlineData("--s", "Known: --sort, --stable.")]
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

    [Fact]
    public void TemporaryFilesThatFindNoRoomAreOneErrorAndTheOutputIsAsItWas()
    {
        using TestFolder folder = new();
        folder.Make("input", 40 << 20);
        File.WriteAllText(folder.PathOf("out"), "as it was");
        using ToolProcess process = new(fileSizeLimitKibibytes: 8192, "sort", "-S", "2M", "-T", folder.Root, "-o",
            folder.PathOf("out"), folder.PathOf("input"));
        process.WaitForExit().HasOneLine(2, "sluice sort: ", "no room", folder.Root);
        Assert.Equal(["input", "out"], folder.Names);
        Assert.Equal("as it was", File.ReadAllText(folder.PathOf("out")));
    }

    [Fact]
    public void TheMemoryIsWhatWasGivenAndWhatTheRuntimeNeeds()
    {
        const long Given = 64L << 20;
        const long Runtime = 80L << 20;
        using TestFolder folder = new();
        folder.Make("input", 192 << 20);
        using ToolProcess process = new(null, "sort", "-S", "64M", "-T", folder.Root, "-o", folder.PathOf("out"), folder.PathOf("input"));
        long peak = process.WaitForPeakResidentBytes();
        process.WaitForExit().Succeeds();
        Assert.InRange(peak, Given / 2, Given + Runtime);
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
}
