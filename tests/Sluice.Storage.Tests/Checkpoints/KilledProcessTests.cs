using System.Diagnostics;
using System.Globalization;
using Sluice.Storage.KillTarget;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>A process that changes pages and makes checkpoints is killed again and again; what it leaves is old or new, and never
/// half.</summary>
public sealed class KilledProcessTests
{
    // What is quick enough for every run; SLUICE_KILLS asks for more.
    private const int KillsUsual = 20;

    private static int Kills =>
        int.TryParse(Environment.GetEnvironmentVariable("SLUICE_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out int kills)
            ? Math.Max(1, kills)
            : KillsUsual;

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task EveryPageIsValidAndOldOrNew(string method)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-killed-").FullName;
        try
        {
            await MakeAsync(folder);
            uint acknowledged = 0;
            int kills = Kills;
            for (int kill = 0; kill < kills; kill++)
            {
                // Most within a checkpoint, some while pages are changed, each a little later than the one before.
                acknowledged = await RunUntilKilledAsync(
                    folder, method, acknowledged, rounds: kill % 4, isInCheckpoint: kill % 5 != 0, spins: 1000 * (kill % 32));
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
    private static async Task<uint> RunUntilKilledAsync(
        string folder, string method, uint acknowledged, int rounds, bool isInCheckpoint, int spins)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            ArgumentList = { typeof(RoundPages).Assembly.Location, folder, method, (acknowledged + 1)
                .ToString(CultureInfo.InvariantCulture) },
        };
        using Process child = Process.Start(start)!;
        using CancellationTokenSource watchdog = new(StorageRig.Watchdog);
        try
        {
            for (int done = 0; done < rounds;)
            {
                if (Hear(await child.StandardOutput.ReadLineAsync(watchdog.Token))) done++;
            }

            // Then until the next checkpoint has begun, or has ended.
            while (Hear(await child.StandardOutput.ReadLineAsync(watchdog.Token)) == isInCheckpoint)
            {
            }

            Thread.SpinWait(spins);
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(watchdog.Token);
        }

        while (await child.StandardOutput.ReadLineAsync(watchdog.Token) is { Length: > 0 } line)
        {
            if (uint.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out uint later)) acknowledged =
                Math.Max(acknowledged, later);
        }

        return acknowledged;

        // Whether a round is durable; otherwise its checkpoint has begun.
        bool Hear(string? line)
        {
            Assert.True(line is not null, "The process has ended by itself.");
            if (!uint.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out uint round)) return false;
            acknowledged = round;
            return true;
        }
    }

    private static void Check(string folder, uint acknowledged)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        byte[] wanted = new byte[StorageLimits.PageBytes];
        for (uint block = 0; block < RoundPages.Blocks; block++)
        {
            string name = RoundPages.Relation.ToString(CultureInfo.InvariantCulture)
                + (block < 64 ? "" : string.Create(CultureInfo.InvariantCulture, $".{block / 64}"));
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
