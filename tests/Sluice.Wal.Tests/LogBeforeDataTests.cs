using Sluice.TestPlugins.Injecting;
using Sluice.Wal.KillTarget;

namespace Sluice.Wal.Tests;

/// <summary>
/// The log before the data: no page is given to the method before everything in it is durable in the log, judged by what the method did.
/// </summary>
public sealed class LogBeforeDataTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm> Cases => KilledProcessTests.Cases;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task NoPageIsWrittenBeforeItsLogIsDurable(string method, WalSyncForm form) =>
        Assert.Equal(0, await RunAsync(method, form, flusher: null));

    [Fact]
    public async Task APoolThatDoesNotAskTheLogIsCaught() =>
        Assert.NotEqual(0, await RunAsync("worker", WalSyncForm.WriteDatasync, NullLogFlusher.Instance));

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task WhatTheLogWritesStandsBesideTheRelationsInThePoolsStatistics(string method)
    {
        using AioSystem system = TestLog.Start(method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(
            system, Path.Combine(_folder.Path, "wal"), new WalOptions { SyncForm = WalSyncForm.Fdatasync });
        using StorageManager storage = new(system, Path.Combine(_folder.Path, "data"));
        using BufferPool pool = new(storage, new BufferPoolOptions { BufferCount = 16, LogFlusher = log });
        IoStatistics before = pool.ReadStatistics();
        await log.FlushAsync(await log.AppendAsync(1, new byte[20_000]));
        WalStatistics written = log.ReadStatistics();
        IoStatistics after = pool.ReadStatistics();
        IoStatisticsRow writes = after[IoObject.Log, IoContext.Normal, IoAction.Write];
        Assert.Equal((written.Writes, written.BytesWritten), (writes.Count, writes.Bytes));
        Assert.True(writes.Bytes - before[IoObject.Log, IoContext.Normal, IoAction.Write].Bytes >= 20_000, "The record was not counted.");
        Assert.InRange(writes.Time, TimeSpan.FromTicks(1), TimeSpan.MaxValue);
        Assert.Equal(written.Flushes, after.Count(IoObject.Log, IoAction.Sync));
        Assert.True(written.Flushes > 0, "Nothing was flushed.");
        Assert.All(after.Rows, static row => Assert.Equal(IoObject.Log, row.Object));
    }

    private async Task<int> RunAsync(string method, WalSyncForm form, ILogFlusher? flusher)
    {
        using (AioSystem plain = TestLog.Start("sync")) await Bank.MakeAsync(plain, _folder.Path, Bank.Options(form));
        InjectionControl control = new();
        using AioSystem system = TestLog.Start(control, method);
        LogRecorder recorder = new(control, Bank.LogFolderOf(_folder.Path), Bank.RelationPathOf(_folder.Path));
        await using (Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(form), flusher: flusher))
        {
            Task[] clients = [.. Enumerable.Range(0, BankPlan.Clients).Select(client => Task.Run(() => TransferAsync(bank, client)))];
            for (int checkpoint = 0; checkpoint < 3; checkpoint++)
            {
                await Task.Delay(20);
                await bank.CheckpointAsync();
            }

            await Task.WhenAll(clients).WaitAsync(TestLog.Watchdog);
        }

        // More pages than the pool holds: many were written to make room, and nobody had asked for their log to be durable.
        Assert.True(recorder.PagesWritten > 100, $"Only {recorder.PagesWritten} pages were written.");
        Assert.True(recorder.MomentCount > 10, $"Only {recorder.MomentCount} pages were written that were newer than all before.");
        return await recorder.CountViolationsAsync(system);
    }

    private static async Task TransferAsync(Bank bank, int client)
    {
        await using BufferSession session = bank.CreateSession($"client-{client}");
        for (long number = 1; number <= 60; number++)
        {
            LogPosition end = await bank.TransferAsync(session, client, number);
            if (number % 8 == 0) await bank.Log.FlushAsync(end);
        }
    }
}
