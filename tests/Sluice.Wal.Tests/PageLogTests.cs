using Sluice.TestPlugins.Injecting;
using Sluice.Wal.KillTarget;

namespace Sluice.Wal.Tests;

/// <summary>
/// The log joined to pages on the real methods: what a checkpoint left out is replayed, torn pages are repaired, and it may all begin
/// again.
/// </summary>
public sealed class PageLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm> Cases => KilledProcessTests.Cases;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task WhatWasCommittedWhileCheckpointsRanIsThere(string method, WalSyncForm form)
    {
        const int each = 60;
        await using AioSystem system = TestLog.Start(method);
        await Bank.MakeAsync(system, _folder.Path, Bank.Options(form));
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(form)))
        {
            Task[] clients =
                [.. Enumerable.Range(0, BankPlan.Clients).Select(client => Task.Run(() => TransferAsync(bank, client, 1, each)))];
            Task all = Task.WhenAll(clients);
            do await bank.CheckpointAsync();
            while (!all.IsCompleted);
            await all;
        }

        await ExpectAsync(system, form, [each, each, each, each]);
    }

    [Fact]
    public async Task RecoveryBeginsAtTheLastCheckpointAndMayBeginAgain()
    {
        await using AioSystem system = TestLog.Start("worker");
        WalOptions options = Bank.Options(WalSyncForm.WriteDatasync);
        await Bank.MakeAsync(system, _folder.Path, options);
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, options))
        {
            for (int hundred = 0; hundred < 3; hundred++)
            {
                await TransferAsync(bank, 0, (hundred * 100) + 1, (hundred + 1) * 100);
                await bank.CheckpointAsync();
            }

            await TransferAsync(bank, 0, 301, 307);

            // More than two segments were written, and what replay does not need is given up.
            IEnumerable<string> names = Directory.GetFiles(bank.Log.Log!.Folder).Select(static path => Path.GetFileName(path));
            string[] segments = [.. names.Where(static name => name.Length == SegmentName.Length).Order()];
            Assert.True(bank.Log.Redo.Value > 3 << 20);
            Assert.Equal(SegmentName.Of(1, bank.Log.Redo.Value >> 20, 1 << 20), segments[0]);
        }

        // No recovery makes a checkpoint: each finds what the one before found, and pages that it wrote.
        for (int time = 0; time < 3; time++) Assert.Equal(7, await ExpectAsync(system, WalSyncForm.WriteDatasync, [307, 0, 0, 0]));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ATornPageIsRepairedFromItsImage(string method, WalSyncForm form)
    {
        await using AioSystem system = TestLog.Start(method);
        await TearAsync(system, Bank.Options(form));
        await ExpectAsync(system, form, [80, 12, 0, 0]);
    }

    [Fact]
    public async Task WithoutImagesATornPageIsFoundAndStaysTorn()
    {
        await using AioSystem system = TestLog.Start("worker");
        await TearAsync(system, Bank.Options(WalSyncForm.WriteDatasync) with { Mistakes = LogMistakes.OmitsImages });
        await Assert.ThrowsAnyAsync<Exception>(() => ExpectAsync(system, WalSyncForm.WriteDatasync, [80, 12, 0, 0]));
    }

    [Fact]
    public async Task ACheckpointThatFailsMovesNothing()
    {
        InjectionControl control = new();
        WalOptions options = Bank.Options(WalSyncForm.WriteDatasync);
        await using (AioSystem system = TestLog.Start(control, "worker"))
        {
            await Bank.MakeAsync(system, _folder.Path, options);
            await using Bank bank = await Bank.OpenAsync(system, _folder.Path, options);
            await TransferAsync(bank, 2, 1, 9);
            byte[] before = await File.ReadAllBytesAsync(Path.Combine(Bank.LogFolderOf(_folder.Path), "wal.control.0"));
            string data = Bank.RelationPathOf(_folder.Path);
            using (control.Replace(static _ => -Errno.EIO, request => request.Operation == IoOperation.Write && request.File.Path == data))
            {
                await Assert.ThrowsAsync<AioException>(bank.CheckpointAsync);
            }

            Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(Bank.LogFolderOf(_folder.Path), "wal.control.0")));
            await TransferAsync(bank, 2, 10, 12);
        }

        await using AioSystem healthy = TestLog.Start("worker");
        Assert.Equal(12, await ExpectAsync(healthy, WalSyncForm.WriteDatasync, [0, 0, 12, 0]));
    }

    [Fact]
    public async Task OneCopyOfTheControlFileIsEnough()
    {
        await using AioSystem system = TestLog.Start("sync");
        await Bank.MakeAsync(system, _folder.Path, Bank.Options(WalSyncForm.Fdatasync));
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(WalSyncForm.Fdatasync)))
        {
            await TransferAsync(bank, 1, 1, 5);
        }

        string control = Path.Combine(Bank.LogFolderOf(_folder.Path), "wal.control.");
        await File.WriteAllBytesAsync(control + "1", new byte[10]);
        await ExpectAsync(system, WalSyncForm.Fdatasync, [0, 5, 0, 0]);
        foreach (string copy in (string[])["0", "1"]) await File.WriteAllBytesAsync(control + copy, new byte[10]);
        await Assert.ThrowsAsync<WalException>(() => ExpectAsync(system, WalSyncForm.Fdatasync, [0, 5, 0, 0]));
    }

    [Fact]
    public async Task ALogWithChangesOfPagesIsNotOpenedWithoutItsControlFile()
    {
        await using AioSystem system = TestLog.Start("sync");
        await Bank.MakeAsync(system, _folder.Path, Bank.Options(WalSyncForm.Fdatasync));
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(WalSyncForm.Fdatasync)))
        {
            await TransferAsync(bank, 1, 1, 5);
        }

        string control = Path.Combine(Bank.LogFolderOf(_folder.Path), "wal.control.");
        string[] copies = [control + "0", control + "1"];
        foreach (string copy in copies) File.Move(copy, copy + ".away");
        WalException refusal = await Assert.ThrowsAsync<WalException>(() => ExpectAsync(system, WalSyncForm.Fdatasync, [0, 5, 0, 0]));
        Assert.Contains("control file", refusal.Message, StringComparison.Ordinal);

        // Nothing was given up: with a copy put back everything is there.
        File.Move(copies[0] + ".away", copies[0], overwrite: true);
        await ExpectAsync(system, WalSyncForm.Fdatasync, [0, 5, 0, 0]);
    }

    private static async Task TransferAsync(Bank bank, int client, long first, long last)
    {
        await using BufferSession session = bank.CreateSession($"client-{client}");
        for (long number = first; number <= last; number++) await bank.Log.FlushAsync(await bank.TransferAsync(session, client, number));
    }

    // Transfers before and after a checkpoint, then a power failure in the midst of writing every page that was changed after it.
    private async Task TearAsync(AioSystem system, WalOptions options)
    {
        await Bank.MakeAsync(system, _folder.Path, options);
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, options))
        {
            await TransferAsync(bank, 0, 1, 80);
            await bank.CheckpointAsync();
            await TransferAsync(bank, 1, 1, 12);
        }

        HashSet<int> changed = [BankPlan.AccountPages + 1];
        for (int number = 1; number <= 12; number++)
        {
            (int from, int to, _) = BankPlan.Of(1, number);
            changed.Add(from / BankPlan.AccountsPerPage);
            changed.Add(to / BankPlan.AccountsPerPage);
        }

        await using FileStream file = new(Bank.RelationPathOf(_folder.Path), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        foreach (int block in changed)
        {
            file.Position = ((long)block * StorageLimits.PageBytes) + (StorageLimits.PageBytes / 2);
            await file.WriteAsync(TestLog.Body(block, StorageLimits.PageBytes / 2));
        }
    }

    /// <returns>How many records were replayed.</returns>
    private async Task<long> ExpectAsync(AioSystem system, WalSyncForm form, long[] expected)
    {
        await using Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(form));
        (long[] numbers, long[] balances) = await bank.ReadAsync();
        Assert.Equal(expected, numbers);
        Assert.Equal(BankPlan.BalancesAfter(numbers), balances);
        return bank.Replayed;
    }
}
