using System.Diagnostics;
using System.Globalization;
using Sluice.Wal.KillTarget;

namespace Sluice.Wal.Tests;

/// <summary>
/// A process that commits transfers and makes checkpoints is killed again and again, also while it recovers: no transfer that was
/// acknowledged is lost, none is there half.
/// </summary>
public sealed class KilledProcessTests : IDisposable
{
    private const int Kills = 3;

    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm> Cases => new()
    {
        { "sync", WalSyncForm.Fdatasync },
        { "worker", WalSyncForm.WriteDatasync },
        { "io_uring", WalSyncForm.LinkedFdatasync },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task WhatWasAcknowledgedIsThereAndNothingIsThereHalf(string method, WalSyncForm form)
    {
        using (AioSystem system = TestLog.Start(method)) await Bank.MakeAsync(system, _folder.Path, Bank.Options(form));
        long[] acknowledged = new long[BankPlan.Clients];
        int killedInRecovery = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            await WorkUntilKilledAsync(method, form, acknowledged, commits: 60 + (70 * kill));

            // Each recovery is killed a little later than the one before, and then one may come to its end.
            for (int attempt = 1; attempt <= 3; attempt++)
            {
                killedInRecovery += await RecoverAsync(method, form, dieAfter: attempt * attempt * 7) ? 0 : 1;
            }

            await CheckAsync(method, form, acknowledged);
        }

        Assert.True(killedInRecovery > 0, "No recovery was killed: there was nothing to recover.");
    }

    private async Task WorkUntilKilledAsync(string method, WalSyncForm form, long[] acknowledged, int commits)
    {
        using Process child = Start(method, form, "work");
        using CancellationTokenSource watchdog = new(TestLog.Watchdog);
        try
        {
            for (int seen = 0; seen < commits;)
            {
                string? line = await child.StandardOutput.ReadLineAsync(watchdog.Token);
                if (line is null)
                {
                    Assert.Fail($"The process has ended by itself: {await child.StandardError.ReadToEndAsync(watchdog.Token)}");
                }

                if (TakeNote(line, acknowledged)) seen++;
            }
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(watchdog.Token);
        }

        // What it said before it died counts; the last line may be cut off.
        string rest = await child.StandardOutput.ReadToEndAsync(watchdog.Token);
        int end = rest.LastIndexOf('\n');
        foreach (string line in rest[..(end + 1)].Split('\n')) TakeNote(line, acknowledged);
    }

    private static bool TakeNote(string line, long[] acknowledged)
    {
        string[] words = line.Trim().Split(' ');
        if (words.Length != 2 || !int.TryParse(words[0], CultureInfo.InvariantCulture, out int client)) return false;
        acknowledged[client] = long.Parse(words[1], CultureInfo.InvariantCulture);
        return true;
    }

    /// <returns>Whether it came to its end.</returns>
    private async Task<bool> RecoverAsync(string method, WalSyncForm form, int dieAfter)
    {
        using Process child = Start(method, form, "recover", dieAfter.ToString(CultureInfo.InvariantCulture));
        using CancellationTokenSource watchdog = new(TestLog.Watchdog);
        string output = await child.StandardOutput.ReadToEndAsync(watchdog.Token);
        string errors = await child.StandardError.ReadToEndAsync(watchdog.Token);
        await child.WaitForExitAsync(watchdog.Token);

        // Killed by SIGKILL, or at its end; anything else is a failure of recovery.
        bool ended = output.Contains("opened", StringComparison.Ordinal);
        Assert.True(child.ExitCode == (ended ? 0 : 128 + 9), $"Recovery ended with code {child.ExitCode}: {output}{errors}");
        return ended;
    }

    private async Task CheckAsync(string method, WalSyncForm form, long[] acknowledged)
    {
        using AioSystem system = TestLog.Start(method);
        await using Bank bank = await Bank.OpenAsync(system, _folder.Path, Bank.Options(form));
        (long[] numbers, long[] balances) = await bank.ReadAsync();
        for (int client = 0; client < numbers.Length; client++)
        {
            Assert.True(
                numbers[client] >= acknowledged[client],
                $"Transfer {acknowledged[client]} of client {client} was acknowledged, and {numbers[client]} is the last there.");

            // The one after the last acknowledged had begun, and no other.
            Assert.InRange(numbers[client], acknowledged[client], acknowledged[client] + 1);
            acknowledged[client] = numbers[client];
        }

        Assert.Equal(BankPlan.BalancesAfter(numbers), balances);
    }

    private Process Start(string method, WalSyncForm form, params string[] what)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in (string[])[typeof(BankPlan).Assembly.Location, _folder.Path, method, form.ToString(), .. what])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
