using Sluice.Tests.Shared;

namespace Sluice.Ledger.Tests;

/// <summary>The sample is killed and loses nothing; and when it is made to lie, that is found.</summary>
public sealed class CrashTests : LedgerProgram
{
    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task NothingAcknowledgedIsLostWhenItIsKilled(string method)
    {
        ChildProcess test = await RunAsync("crash-test", "--rounds", "3", "--seed", "11", "--accounts", "20000", "--method", method);
        Assert.Equal("", test.Errors);
        Assert.Equal(0, test.ExitCode);
        string[] lines = test.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        Assert.StartsWith($"3 rounds with io_method {method}, seed 11, in ", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..4], static line => Assert.Matches("^round [123]: .*killed .* ms into .*acknowledged; .* there, right$", line));
        Assert.EndsWith("none lost, none half, the sum unchanged.", lines[4], StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public async Task AnAcknowledgementBeforeTheTransferLastsIsFound()
    {
        // Rarely nothing is in memory only when it is killed: then it has luck, and another round.
        ChildProcess test = await RunAsync(
            "crash-test", "--rounds", "40", "--seed", "3", "--accounts", "20000", "--mistake", "acknowledge-early",
            "--dir", Folder, "--method", "sync");
        Assert.Equal(1, test.ExitCode);
        Assert.Matches("transfer [0-9]+ was acknowledged, and the ledger has [0-9]+: [0-9]+ lost", test.Errors);
        Assert.Contains("FAILED after being killed", test.Output, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(Folder, "ledger", "wal")), "What was found wrong is kept to be looked at.");
    }
}
