using System.Text.Json;
using Sluice.Storage;
using Sluice.Tool.Tests.Support;
using Sluice.Wal;

namespace Sluice.Tool.Tests;

/// <summary><c>sluice log</c> and <c>sluice bench wal</c>.</summary>
public sealed class LogCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryRecordIsALineAndTheEndIsExplained()
    {
        await MakeAsync();
        string output = ToolRun.Of("log", _folder).Succeeds().Output;
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1 + 3 + 1, lines.Length);
        Assert.Contains("0007", lines[2], StringComparison.Ordinal);
        Assert.Contains("ok", lines[2], StringComparison.Ordinal);
        Assert.Contains("3 records; the log ends at 0/", lines[^1], StringComparison.Ordinal);
        Assert.Contains("nothing was written here", lines[^1], StringComparison.Ordinal);
        Assert.Contains("opening", ToolRun.Of("log", _folder, "--all").Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheLogsOwnRecordsHaveNames()
    {
        AioSystemOptions options = new() { Method = "sync" };
        options.Modules.Add(SluiceStorageAioModule.Instance);
        await using (AioSystem system = AioSystem.Start(options))
        {
            using StorageManager storage = new(system, _folder);
            await using PageLog log = new(system, _folder);
            using BufferPool pool = new(storage, new BufferPoolOptions { BufferCount = 64, LogFlusher = log });
            await using BufferSession session = pool.CreateSession("names");

            // A new log of pages begins with a checkpoint.
            await log.OpenAsync(session, static (_, _, _, _) => { }, new WalOptions { SegmentBytes = 1 << 20, SyncForm = WalSyncForm.Fdatasync });
        }

        string[] lines = ToolRun.Of("log", _folder, "--all").Succeeds().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["opening", "ckpt-begin", "ckpt-end"], lines[1..^1].Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]));
        Assert.All(lines[1..^1], static line => Assert.EndsWith("  ok", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task JsonIsOneObjectPerLine()
    {
        await MakeAsync();
        string[] lines = ToolRun.Of("log", _folder, "--json").Succeeds().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        JsonElement[] rows = [.. lines.Select(static line => JsonSerializer.Deserialize<JsonElement>(line))];
        Assert.Equal([100, 200, 300], rows[..3].Select(static row => row.GetProperty("bytes").GetInt32()));
        Assert.Equal(rows[0].GetProperty("position").GetString(), rows[1].GetProperty("previous").GetString());
        Assert.Equal("NothingWritten", rows[3].GetProperty("reason").GetString());

        // From a record on, and not further than wanted.
        string[] rest = ToolRun.Of("log", _folder, "--json", "--from", rows[1].GetProperty("position").GetString()!, "--count", "1").Succeeds().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(200, JsonSerializer.Deserialize<JsonElement>(Assert.Single(rest)).GetProperty("bytes").GetInt32());
    }

    [Fact]
    public async Task DamageIsNamed()
    {
        await MakeAsync();
        string segment = Directory.GetFiles(_folder, "0*").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[72 + 40 + 124 + 60] ^= 1;
        File.WriteAllBytes(segment, bytes);
        string output = ToolRun.Of("log", _folder).Succeeds().Output;
        Assert.Contains("1 records; ", output, StringComparison.Ordinal);
        Assert.Contains("checksum of the record", output, StringComparison.Ordinal);
        Assert.Contains("WrongChecksum", output, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutALogIsRefused() => ToolRun.Of("log", _folder).HasOneLine(1, "There is no log in");

    [Fact]
    public void AMissingFolderIsRefused() => ToolRun.Of("log", Path.Combine(_folder, "none")).HasOneLine(1, "There is no folder");

    [Fact]
    public void APositionThatIsNoneIsRefused() => ToolRun.Of("log", _folder, "--from", "x").HasOneLine(2, "--from is 'x'", "0/1000048");

    [Theory]
    [InlineData("commit", "await")]
    [InlineData("commit", "blocking")]
    [InlineData("commit", "loop")]
    [InlineData("bulk", "await")]
    [InlineData("recover", "await")]
    [InlineData("replay", "await")]
    public void TheBenchmarkSaysWhatItMeasured(string what, string mode)
    {
        string output = ToolRun.Of("bench", "wal", "--what", what, "--mode", mode, "--clients", "2", "--seconds", "1", "--size", "4M", "--pages", "512", "--sync-form", "fdatasync", "--dir", _folder, "--json").Succeeds().Output;
        JsonElement row = JsonSerializer.Deserialize<JsonElement>(output)[0];
        Assert.True(row.GetProperty("operations").GetInt64() > 0);
        foreach (string key in (string[])["operationsPerSecond", "bytesPerSecond", "commitsPerSecond", "flushesPerSecond", "commitsPerFlush", "segmentSwitches", "slowestAtSwitchMicroseconds", "latencyMicroseconds", "cpuMicrosecondsPerOperation"])
        {
            Assert.True(row.TryGetProperty(key, out _), key);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void AFormThatIsNoneIsRefused() => ToolRun.Of("bench", "wal", "--sync-form", "x").HasOneLine(2, "--sync-form is 'x'", "fdatasync");

    private async Task MakeAsync()
    {
        await using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = "sync" });
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder, new WalOptions { SegmentBytes = 1 << 20, SyncForm = WalSyncForm.Fdatasync });
        for (int number = 1; number <= 3; number++) log.Append(7, new byte[number * 100]);
    }
}
