using Sluice.Storage;
using Sluice.Tests.Shared;

namespace Sluice.Ledger.Tests;

/// <summary>A ledger is opened again as it was left, and the check finds what is wrong with it.</summary>
public sealed class CheckTests : LedgerProgram
{
    [Fact]
    public async Task TransfersThatAreInTheLogOnlyAreMadeAgain()
    {
        await using AioSystem system = StartSystem();
        await using (LedgerEngine ledger = await OpenAsync(system))
        {
            Assert.Null(ledger.RecordsReplayed);
            await TransferAsync(ledger, client: 3, count: 100);
        }

        // No checkpoint: the pages went with the memory.
        await using LedgerEngine again = await OpenAsync(system);
        Assert.Equal(100, again.RecordsReplayed);
        LedgerCheck check = await LedgerCheck.RunAsync(again, new Books(again.Shape));
        Assert.Empty(check.Problems);
        Assert.Equal(100, check.Transfers);
        Assert.Equal(5000 * LedgerPages.FirstBalance, check.Sum);
    }

    [Fact]
    public async Task ALedgerThatWasNeverFinishedIsMadeAnew()
    {
        await using AioSystem system = StartSystem();
        await using (LedgerEngine ledger = await OpenAsync(system)) await TransferAsync(ledger, client: 0, count: 1);
        foreach (string copy in Directory.GetFiles(Folder, "ledger.state*")) File.Delete(copy);

        // Without the mark of a ledger in the making the folders may be anybody's, and nothing is touched.
        Assert.False(File.Exists(Path.Combine(Folder, "ledger.making")));
        LedgerException refusal = await Assert.ThrowsAsync<LedgerException>(() => OpenAsync(system));
        Assert.Contains("empty folder", refusal.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(Folder, "base")) && Directory.Exists(Path.Combine(Folder, "wal")));

        // As a process that died while it made one leaves it.
        await File.WriteAllBytesAsync(Path.Combine(Folder, "ledger.making"), []);
        await using LedgerEngine again = await OpenAsync(system);
        Assert.Null(again.RecordsReplayed);
        Assert.Empty((await LedgerCheck.RunAsync(again, new Books(again.Shape))).Problems);
    }

    [Fact]
    public async Task AWrongBalanceIsFound()
    {
        await PlantAsync(static (page, block) =>
        {
            if (block == LedgerPages.BlockOfAccount(4321)) LedgerPages.Balance(page, 4321)++;
        });
        ChildProcess check = await RunAsync("check", "--dir", Folder, "--method", "sync", "--sync-form", "fdatasync");
        Assert.Equal(1, check.ExitCode);
        Assert.Matches("account 4321 has [0-9]+ and must have [0-9]+: a transfer is there half \\(block 132, ", check.Errors);
        Assert.Contains("the sum of all balances is 5000001 and must be 5000000", check.Errors, StringComparison.Ordinal);
        Assert.Contains("2 things are wrong", check.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHalfTransferIsFoundAlsoWhenTheSumIsRight()
    {
        // The receipt says that there is one more, and no account was changed.
        await PlantAsync(static (page, block) =>
        {
            if (block == LedgerPages.BlockOfReceipt(5)) LedgerPages.Receipt(page)++;
        });
        ChildProcess check = await RunAsync("check", "--dir", Folder, "--method", "sync", "--sync-form", "fdatasync");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("a transfer is there half", check.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("the sum", check.Errors, StringComparison.Ordinal);
        Assert.Contains("2 things are wrong", check.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATransferThatNobodyMadeAndOneThatIsGoneAreFound()
    {
        await using AioSystem system = StartSystem();
        await using LedgerEngine ledger = await OpenAsync(system);
        await TransferAsync(ledger, client: 2, count: 10);
        Assert.Empty(await ProblemsAsync(9));
        Assert.Empty(await ProblemsAsync(10));
        Assert.Contains("and only 9 can have been made", Assert.Single(await ProblemsAsync(8)), StringComparison.Ordinal);
        Assert.Contains("1 lost", Assert.Single(await ProblemsAsync(11)), StringComparison.Ordinal);

        async Task<IReadOnlyList<string>> ProblemsAsync(long told)
        {
            Books books = new(ledger.Shape);
            books.Acknowledge(2, told);
            return (await LedgerCheck.RunAsync(ledger, books, burst: 1)).Problems;
        }
    }

    private static async Task TransferAsync(LedgerEngine ledger, int client, int count)
    {
        await using LedgerSession session = ledger.CreateSession("test");
        LogPosition end = default;
        for (int number = 1; number <= count; number++)
        {
            end = await ledger.TransferAsync(session, TransferPlan.Of(ledger.Shape, client, number));
        }
        await ledger.CommitAsync(end);
    }

    // A ledger with some transfers, whose pages are changed behind the log's back, with right checksums.
    private async Task PlantAsync(Action<Span<byte>, uint> change)
    {
        await using AioSystem system = StartSystem();
        await using LedgerEngine ledger = await OpenAsync(system);
        await TransferAsync(ledger, client: 5, count: 20);
        await using LedgerSession session = ledger.CreateSession("plant");
        for (uint block = 0; block < LedgerPages.BlockCount(ledger.Shape.Accounts); block++)
        {
            using BufferPin pin = await session.ReadAsync(block);
            await pin.LockAsync(ContentLockMode.Exclusive);
            change(pin.Page, block);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        }

        await ledger.CheckpointAsync(isPaced: false);
    }
}
