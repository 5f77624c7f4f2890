using System.Text.Json;
using Sluice.Tests.Shared;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Storage;

/// <summary><c>sluice verify</c>: what it prints, and how it ends.</summary>
public sealed class VerifyTests
{
    private const string Orders = "base/5/16384";

    [Theory]
    [InlineData("--method", "sync")]
    [InlineData("--method", "worker", "--depth", "4")]
    [InlineData("--method", "io_uring", "--direct")]
    [InlineData]
    public void ASoundClusterGivesTheNumbersOfPgChecksums(params string[] options)
    {
        using TestFolder folder = new();
        string data = RealCluster.Extract(folder.Root);
        string output = ToolRun.Of(["verify", data, .. options]).Succeeds().Output;
        Assert.Contains($"{data}: PostgreSQL 18, 367 files, 1,356 blocks, 0 bad", output, StringComparison.Ordinal);
        Assert.Contains("10.6 MiB in ", output, StringComparison.Ordinal);
        Assert.Contains("io_method ", output, StringComparison.Ordinal);
        if (options.Length > 0) Assert.Contains($"io_method {options[1]}", output, StringComparison.Ordinal);
    }

    [Fact]
    public void BadBlocksAreListedAndTheCommandFails()
    {
        using TestFolder folder = new();
        string data = RealCluster.Extract(folder.Root);
        (string expected, string found) = Damage(data);
        ToolRun run = ToolRun.Of("verify", data);
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Error);
        string[] lines = run.Output.Split('\n');
        Assert.Equal($"{Orders}: block 7: expected checksum {expected}, found {found}", lines[0].TrimEnd());
        Assert.Equal($"{Orders}: block 9: it says that it was never written, and is not empty", lines[1].TrimEnd());
        Assert.StartsWith("base/5/16390: its length of", lines[2], StringComparison.Ordinal);
        Assert.Contains("367 files, 1,356 blocks, 2 bad, 1 not readable", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void JsonHasTheSame()
    {
        using TestFolder folder = new();
        string data = RealCluster.Extract(folder.Root);
        (string expected, string found) = Damage(data);
        ToolRun run = ToolRun.Of("verify", data, "--json");
        Assert.Equal(1, run.ExitCode);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement root = json.RootElement;
        Assert.Equal(data, root.GetProperty("dataDirectory").GetString());
        Assert.Equal(
            (18, 367, 1356, 2, 1),
            (root.GetProperty("postgresqlVersion").GetInt32(), root.GetProperty("files").GetInt32(), root.GetProperty("blocks").GetInt32(),
                root.GetProperty("badBlocks").GetInt32(), root.GetProperty("problems").GetInt32()));
        JsonElement bad = root.GetProperty("bad")[0];
        Assert.Equal(
            (Orders, 7u, expected, found, "checksum"),
            (
                bad.GetProperty("file").GetString(),
                bad.GetProperty("block").GetUInt32(),
                bad.GetProperty("expected").GetString(),
                bad.GetProperty("found").GetString(),
                bad.GetProperty("what").GetString()));
        Assert.Equal("header", root.GetProperty("bad")[1].GetProperty("what").GetString());
        Assert.Equal("base/5/16390", root.GetProperty("notReadable")[0].GetProperty("file").GetString());
    }

    [Fact]
    public void WhatCannotBeVerifiedIsRefusedWithOneLineAndExitCode2()
    {
        using TestFolder folder = new();
        ToolRun.Of("verify", folder.PathOf("nowhere")).HasOneLine(2, "There is no folder", "nowhere");
        ToolRun.Of("verify", folder.Root).HasOneLine(2, folder.Root, "no data directory of PostgreSQL");
        string data = RealCluster.Extract(folder.Root);
        File.WriteAllText(Path.Combine(data, "postmaster.pid"), $"{Environment.ProcessId}\n");

        // A number of this process is not a server; its parent's may be.
        ToolRun.Of("verify", data).Succeeds();
        File.WriteAllText(Path.Combine(data, "postmaster.pid"), "1\n");
        ToolRun.Of("verify", data).HasOneLine(2, "A server runs on", "process 1", "stop it first");
        File.Delete(Path.Combine(data, "postmaster.pid"));
        RealCluster.EditControl(data, static control => control[252] = 0);
        ToolRun.Of("verify", data).HasOneLine(2, "no page checksums", "pg_checksums --enable");
        RealCluster.EditControl(data, static control =>
        {
            control[252] = 1;
            control[16] = 6;
        });
        ToolRun.Of("verify", data).HasOneLine(2, "not shut down cleanly");
        ToolRun.Of("verify").HasOneLine(2, "DATADIR");
        ToolRun.Of("verify", data, "--method", "null").HasOneLine(2, "'null'");
        ToolRun.Of("verify", data, "--depth", "0").HasOneLine(2, "--depth", "1 to 128");
    }

    [Fact]
    public void AManyTimesBadClusterIsListedWithinBounds()
    {
        using TestFolder folder = new();
        string data = RealCluster.Extract(folder.Root);
        byte[] page = File.ReadAllBytes(Path.Combine(data, Orders))[..8192];
        using (FileStream file = File.Create(Path.Combine(data, "base/5/99999")))
        {
            for (int block = 0; block < 10_100; block++) file.Write(page);
        }

        ToolRun run = ToolRun.Of("verify", data);
        Assert.Equal(1, run.ExitCode);

        // The first block is in its own place.
        Assert.Contains("… and 99 more bad blocks", run.Output, StringComparison.Ordinal);
        Assert.Contains("10,099 bad", run.Output, StringComparison.Ordinal);
    }

    private static (string Expected, string Found) Damage(string data)
    {
        string path = Path.Combine(data, Orders);
        byte[] content = File.ReadAllBytes(path);
        content[(7 * 8192) + 5000] ^= 0x10;
        content[(9 * 8192) + 14] = 0;
        content[(9 * 8192) + 15] = 0;
        File.WriteAllBytes(path, content);
        using (FileStream odd = new(Path.Combine(data, "base/5/16390"), FileMode.Append)) odd.Write(new byte[10]);
        ReadOnlySpan<byte> page = content.AsSpan(7 * 8192, 8192);
        return (Sluice.Storage.PageChecksum.Compute(page, 7).ToString("X4"), Sluice.Storage.PageHeader.ChecksumOf(page).ToString("X4"));
    }
}
