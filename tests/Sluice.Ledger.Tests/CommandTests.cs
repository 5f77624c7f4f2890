using Sluice.Tests.Shared;

namespace Sluice.Ledger.Tests;

/// <summary>What the sample's commands say, and with which exit code they end.</summary>
public sealed class CommandTests : LedgerProgram
{
    [Fact]
    public async Task RunLeavesALedgerThatCheckFindsRight()
    {
        ChildProcess run = await RunAsync(
            "run", "--clients", "4", "--seconds", "1", "--accounts", "5000", "--dir", Folder, "--sync-form", "fdatasync");
        Assert.Equal("", run.Errors);
        Assert.Equal(0, run.ExitCode);
        Assert.Matches("commits by Fdatasync, 5000 accounts in ", run.Output);
        Assert.Matches("(?m)^[0-9]+ commits by 4 clients in [0-9.]+ s: [0-9]+ commits/s$", run.Output);
        Assert.Matches("(?m)^a commit took: p50 [0-9.]+ ms, .*longest [0-9.]+ ms$", run.Output);
        Assert.Matches("(?m)^checkpoint: [0-9]+ pages in [0-9]+ writes, .* ms in all$", run.Output);
        ChildProcess check = await RunAsync("check", "--dir", Folder, "--sync-form", "fdatasync");
        Assert.Equal("", check.Errors);
        Assert.Equal(0, check.ExitCode);
        Assert.Matches("(?m)^the ledger is right: [0-9]+ transfers, 5000 balances, sum 5000000$", check.Output);
    }

    [Theory]
    [InlineData(2, "Say what to do: run, crash-test, check.")]
    [InlineData(2, "There is no command 'walk': there are run, crash-test, check.", "walk")]
    [InlineData(2, "'run' has no option '--rounds': it has --clients,", "run", "--rounds", "5")]
    [InlineData(2, "--clients needs a value.", "run", "--clients")]
    [InlineData(2, "--clients is '0': give a number from 1 to 128.", "run", "--clients", "0")]
    [InlineData(2, "--clients is there twice.", "run", "--clients", "1", "--clients", "2")]
    [InlineData(2, "--sync-form is 'hope': give one of Auto,", "run", "--sync-form", "hope")]
    [InlineData(2, "--mistake is 'all': give one of None,", "crash-test", "--mistake", "all")]
    [InlineData(2, "Which ledger? Give --dir DIR.", "check")]
    [InlineData(2, "'none'", "run", "--method", "none")]
    [InlineData(1, "There is no ledger in ", "check", "--dir", "nowhere")]
    public void AMistakeInTheCommandIsOneLine(int exitCode, string says, params string[] arguments)
    {
        // In this process: what is refused before anything is started needs no program.
        TextWriter errors = Console.Error;
        using StringWriter said = new();
        Console.SetError(said);
        try
        {
            int code = (int)typeof(LedgerEngine).Assembly.EntryPoint!.Invoke(null, [arguments])!;
            string line = said.ToString().TrimEnd();
            Assert.StartsWith("ledger: ", line, StringComparison.Ordinal);
            Assert.Contains(says, line, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', line);
            Assert.Equal(exitCode, code);
        }
        finally
        {
            Console.SetError(errors);
        }
    }
}
