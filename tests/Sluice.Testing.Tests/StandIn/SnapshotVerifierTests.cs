using System.Text;

namespace Sluice.Testing.Tests.StandIn;

/// <summary>The snapshot verifier fails when it must, and leaves the files that Verify would leave.</summary>
public sealed class SnapshotVerifierTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("snapshots").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task AnEqualTextPassesAndLeavesNothing()
    {
        Write("C.M.verified.txt", "one\ntwo");
        Write("C.M.received.txt", "of an earlier run");
        await Verify("one\ntwo");
        Assert.Equal(["C.M.verified.txt"], Files());
    }

    [Fact]
    public async Task ADifferentTextFailsAndLeavesAReceivedFile()
    {
        Write("C.M.verified.txt", "one");
        VerifyException thrown = await Assert.ThrowsAsync<VerifyException>(() => Verify("two"));
        Assert.Equal(["C.M.received.txt", "C.M.verified.txt"], Files());
        Assert.Equal(
            $"Directory: {_directory}\nNotEqual:\n  - Received: C.M.received.txt\n    Verified: C.M.verified.txt\n\n"
            + "FileContent:\n\nNotEqual:\n\n"
            + "Received: C.M.received.txt\ntwo\nVerified: C.M.verified.txt\none\n",
            thrown.Message);
    }

    [Fact]
    public async Task ANewTextFailsAndLeavesAReceivedFile()
    {
        VerifyException thrown = await Assert.ThrowsAsync<VerifyException>(() => Verify("two"));
        Assert.Equal(["C.M.received.txt"], Files());
        Assert.Equal(
            $"Directory: {_directory}\nNew:\n  - Received: C.M.received.txt\n    Verified: C.M.verified.txt\n\nFileContent:\n\nNew:\n\n"
            + "Received: C.M.received.txt\ntwo\n",
            thrown.Message);
    }

    [Fact]
    public async Task AnEmptyVerifiedFileCountsAsMissing()
    {
        File.WriteAllText(Path.Combine(_directory, "C.M.verified.txt"), "");
        Assert.Contains("New:\n", (await Assert.ThrowsAsync<VerifyException>(() => Verify("two"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVerifiedFileThatNothingClaimsFails()
    {
        Write("C.M.verified.txt", "one");
        Write("C.M#gone.verified.cs", "class Gone;");
        VerifyException thrown = await Assert.ThrowsAsync<VerifyException>(() => Verify("one"));
        Assert.Equal(
            $"Directory: {_directory}\nDelete:\n  - C.M#gone.verified.cs\n"
            + "Equal:\n  - Received: C.M.received.txt\n    Verified: C.M.verified.txt\n",
            thrown.Message);
    }

    [Fact]
    public async Task FilesOfOtherTestsAreLeftAlone()
    {
        Write("C.M.verified.txt", "one");
        Write("C.M2.verified.txt", "of another method");
        Write("C.M_x=1.verified.txt", "of another row of a theory");
        Write("C.M2.received.txt", "of another method");
        await Verify("one");
        Assert.Equal(4, Files().Length);
    }

    [Fact]
    public async Task ReceivedFilesHaveAMarkLineFeedsAndNoLastNewLine()
    {
        await Assert.ThrowsAsync<VerifyException>(() => Verify("één\r\ntwee\n"));
        byte[] bytes = File.ReadAllBytes(Path.Combine(_directory, "C.M.received.txt"));
        Assert.Equal([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("één\ntwee")], bytes);
    }

    [Fact]
    public async Task AVerifiedFileWithACarriageReturnIsRefused()
    {
        Write("C.M.verified.txt", "one\r\ntwo");
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => Verify("one\ntwo"));
        Assert.Contains("carriage return", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APrefixIsUsedOnceWhateverItsCase()
    {
        Write("C.M.verified.txt", "one");
        await Verify("one");
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => Verify("one", prefix: "c.m"));
        Assert.Contains("already been used", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AcceptingWritesVerifiedFilesAndRemovesStaleOnes()
    {
        Write("C.M.verified.txt", "one");
        Write("C.M#gone.verified.cs", "class Gone;");
        await SnapshotVerifier.RunAsync([new Target("txt", "two")], new VerifySettings(), _directory, "C.M", accepts: true);
        Assert.Equal(["C.M.verified.txt"], Files());
        Assert.Equal([0xEF, 0xBB, 0xBF, .. "two"u8], File.ReadAllBytes(Path.Combine(_directory, "C.M.verified.txt")));
    }

    [Fact]
    public async Task LinesAreScrubbedBeforeTheyAreCompared()
    {
        Write("C.M.verified.txt", "a=1\nb={x}");
        VerifySettings settings = new();
        settings.ScrubLinesWithReplace(
            static line => line.StartsWith("drop", StringComparison.Ordinal) ? null : line.Replace("2", "{x}", StringComparison.Ordinal));
        await SnapshotVerifier.RunAsync([new Target("txt", "a=1\ndrop\nb=2")], settings, _directory, "C.M", accepts: false);
    }

    [Fact]
    public void TargetsAreNamedApart() => Assert.Equal(
        ["#00", "#01", "#name", "#same.00", "#same.01"],
        SnapshotName.TargetParts(
        [
            new Target("txt", ""), new Target("txt", ""), new Target("cs", "", "name"), new Target("cs", "", "same"), new Target(
                "cs", "", "same"),
        ]));

    [Fact]
    public void SettingsOfAllAreClosedAfterTheFirstVerification()
    {
        VerifierSettings.Freeze();
        Assert.Throws<InvalidOperationException>(() => VerifierSettings.ScrubLinesWithReplace(static line => line));
    }

    private Task Verify(string text, string prefix = "C.M") =>
        SnapshotVerifier.RunAsync([new Target("txt", text)], new VerifySettings(), _directory, prefix, accepts: false);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text, new UTF8Encoding(true));

    private string[] Files() =>
        [.. Directory.EnumerateFiles(_directory).Select(static path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
