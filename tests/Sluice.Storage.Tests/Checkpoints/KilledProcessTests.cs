using System.Diagnostics;
using System.Globalization;
using Sluice.Storage.KillTarget;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>A process that changes pages and makes checkpoints is killed again and again; what it leaves is old or new, and never half.</summary>
public sealed class KilledProcessTests
{
    private const int Kills = 4;

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task EveryPageIsValidAndOldOrNew(string method)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-killed-").FullName;
        try
        {
            await MakeAsync(folder);
            uint acknowledged = 0;
            for (int kill = 0; kill < Kills; kill++)
            {
                acknowledged = await RunUntilKilledAsync(folder, method, acknowledged + 1, rounds: 1 + (kill * 2));
                Check(folder, acknowledged);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MakeAsync(string folder)
    {
        using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = "sync" });
        using StorageManager storage = new(system, folder, new StorageOptions { SegmentBlocks = 64 });
        Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, RoundPages.Relation));
        await relation.CreateAsync(RelationFork.Main);
        await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { Durability = BulkDurability.Immediate });
        for (uint block = 0; block < RoundPages.Blocks; block++)
        {
            BulkPage page = await writer.RentAsync();
            RoundPages.Fill(page.Page, block, 0);
            await writer.WriteAsync(block, page);
        }

        await writer.CompleteAsync();
    }

    /// <returns>The last round that was said to be durable.</returns>
    private static async Task<uint> RunUntilKilledAsync(string folder, string method, uint first, int rounds)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            ArgumentList = { typeof(RoundPages).Assembly.Location, folder, method, first.ToString(CultureInfo.InvariantCulture) },
        };
        using Process child = Process.Start(start)!;
        using CancellationTokenSource watchdog = new(StorageRig.Watchdog);
        uint acknowledged = 0;
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                string? line = await child.StandardOutput.ReadLineAsync(watchdog.Token);
                Assert.True(line is not null, "The process has ended by itself.");
                acknowledged = uint.Parse(line, CultureInfo.InvariantCulture);
            }
        }
        finally
        {
            // In the midst of the round after.
            child.Kill();
            await child.WaitForExitAsync(watchdog.Token);
        }

        while (await child.StandardOutput.ReadLineAsync(watchdog.Token) is { Length: > 0 } line)
        {
            if (uint.TryParse(line, CultureInfo.InvariantCulture, out uint later)) acknowledged = Math.Max(acknowledged, later);
        }

        return acknowledged;
    }

    private static void Check(string folder, uint acknowledged)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        byte[] wanted = new byte[StorageLimits.PageBytes];
        for (uint block = 0; block < RoundPages.Blocks; block++)
        {
            string name = RoundPages.Relation.ToString(CultureInfo.InvariantCulture) + (block < 64 ? "" : string.Create(CultureInfo.InvariantCulture, $".{block / 64}"));
            using FileStream file = File.OpenRead(Path.Combine(folder, "base", "5", name));
            file.Position = (long)(block % 64) * StorageLimits.PageBytes;
            file.ReadExactly(page);
            Assert.Equal(PageVerdict.Valid, PageVerifier.Verify(page, block, checksums: true));
            uint round = (uint)PageHeader.LogPositionOf(page).Value;
            RoundPages.Fill(wanted, block, round);
            PageChecksum.Store(wanted, block);
            Assert.True(page.AsSpan().SequenceEqual(wanted), $"Block {block} says round {round} and holds something else.");

            // The round after the last that was acknowledged had begun; the next process makes it again.
            Assert.InRange(round, RoundPages.LastChange(block, acknowledged), acknowledged + 1);
            Assert.True(round == 0 || RoundPages.Changes(block, round), $"Block {block} was never changed in round {round}.");
        }
    }
}
