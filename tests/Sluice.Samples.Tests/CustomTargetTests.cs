using System.Text.RegularExpressions;
using Sluice.Tests.Shared;

namespace Sluice.Samples.Tests;

/// <summary>The sample runs, says what it should, and leaves nothing behind; the README's example is a part of it.</summary>
public sealed partial class CustomTargetTests
{
    private const int LinesMax = 100;

    private static string ProgramPath => Repository.PathOf("samples", "CustomTarget", "Program.cs");

    [Fact]
    public async Task TheSampleReadsItsPagesAndFindsTheDamage()
    {
        string directory = Directory.CreateTempSubdirectory("sluice-samples-").FullName;
        try
        {
            string assembly = Repository.PathOf("samples", "CustomTarget", "bin", Repository.Configuration, "net10.0", "CustomTarget.dll");
            Dictionary<string, string> environment = new() { ["TMPDIR"] = directory, ["TEMP"] = directory, ["TMP"] = directory };
            ChildProcess sample = await ChildProcess.RunDotnetAsync(directory, environment, assembly);
            Assert.Equal("", sample.Errors);
            Assert.Equal(0, sample.ExitCode);
            string[] lines = sample.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(9, lines.Length);
            Assert.Matches("^(io_uring|worker|sync): 65536 bytes written, 8192 of page 3 read$", lines[0]);
            foreach (int good in (int[])[0, 1, 2, 3, 4, 6]) Assert.Equal($"page {good}: Ok, done", lines[good + 1]);
            Assert.Matches("^page 5: Error, its checksum [0-9a-f]{8} is wrong: restore page 5$", lines[6]);
            Assert.Equal("page 7: Partial, only the first 7192 bytes were transferred", lines[8]);
            Assert.Empty(Directory.GetFiles(directory, "*.pages"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void TheSampleIsShort() => Assert.InRange(File.ReadAllLines(ProgramPath).Length, 1, LinesMax - 1);

    [Fact]
    public void TheExampleOfTheReadmeIsAPartOfTheSample()
    {
        string readme = Text(Repository.PathOf("README.md"));
        string sample = Text(ProgramPath);
        string example = ReadmeExample().Match(readme).Groups[1].Value;
        string region = SampleRegion().Match(sample).Groups[1].Value;
        Assert.NotEqual("", region);
        Assert.Equal(region, example);
    }

    private static string Text(string path) => File.ReadAllText(path).ReplaceLineEndings("\n");

    [GeneratedRegex("<!-- example begin -->\n```csharp\n(.*?)```\n<!-- example end -->", RegexOptions.Singleline)]
    private static partial Regex ReadmeExample();

    [GeneratedRegex("// README begin\n(.*?)// README end\n", RegexOptions.Singleline)]
    private static partial Regex SampleRegion();
}
