using System.Buffers.Binary;
using Sluice.Methods.Simulated;
using Sluice.Storage.Tests.Support;
using Cluster = Sluice.Tests.Shared.RealCluster;

namespace Sluice.Storage.Tests.Clusters;

/// <summary>Verifying a real cluster: the numbers of pg_checksums, and each planted corruption.</summary>
public sealed class ClusterVerifierTests
{
    private const string Orders = "base/5/16384";

    public static TheoryData<string> Methods => StorageRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ARealClusterGivesTheNumbersOfPgChecksums(string method)
    {
        using ClusterRig rig = new(method);
        foreach (bool direct in (bool[])[false, true])
        {
            ClusterVerification result = await rig.VerifyAsync(new ClusterVerifierOptions { Direct = direct });
            Assert.Equal((Cluster.FileCount, Cluster.BlockCount, 0, 0),
                (result.FileCount, (int)result.BlockCount, (int)result.BadBlockCount, result.ProblemCount));
            Assert.True(result.IsSound);
            Assert.Equal((long)Cluster.BlockCount * StorageLimits.PageBytes, result.ReadBytes);
        }
    }

    [Theory]
    [InlineData(1, 1, 8192)]
    [InlineData(1, 16, 8192)]
    [InlineData(2, 3, 24576)]
    [InlineData(4, 64, 1 << 20)]
    [InlineData(3, 200, 262144)]
    [InlineData(2, 40, 262144, 1)]
    public async Task TheNumbersDoNotDependOnHowItIsRead(int flows, int depth, int readBytes, int mebibytes = 64)
    {
        using ClusterRig rig = new("worker");
        rig.Edit(Orders, static content => content[(100 * 8192) + 4000] ^= 1);
        ClusterVerification result = await rig.VerifyAsync(new ClusterVerifierOptions
        {
            Flows = flows,
            Depth = depth,
            ReadBytes = readBytes,
            MemoryBytesMax = (long)mebibytes << 20,
        });
        Assert.Equal((Cluster.FileCount, Cluster.BlockCount, 1), (result.FileCount, (int)result.BlockCount, (int)result.BadBlockCount));
        Assert.Equal((Orders, 100u), (rig.Bad[0].Path, rig.Bad[0].BlockNumber));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task EachPlantedCorruptionIsFound(string method)
    {
        using ClusterRig rig = new(method);
        Random random = new(17);
        List<(string Path, uint Block)> planted = [];
        foreach ((string path, _, byte[] content) in RealCluster.Files.Where(static file => file.Content.Length >= 3 * 8192).Take(40))
        {
            uint block = (uint)random.Next(content.Length / 8192);
            if (PageHeader.IsNewPage(content.AsSpan((int)block * 8192, 8192))) continue;
            rig.Edit(path, bytes => bytes[((int)block * 8192) + random.Next(8192)] ^= (byte)(1 << random.Next(8)));
            planted.Add((path, block));
        }

        Assert.True(planted.Count > 20);
        ClusterVerification result = await rig.VerifyAsync();
        Assert.Equal(planted.Order(), rig.Bad.Select(static bad => (bad.Path, bad.BlockNumber)).Order());
        Assert.Equal(Cluster.BlockCount, result.BlockCount);
        Assert.All(rig.Bad, static bad => Assert.True(bad.Expected != bad.Found || bad.Verdict == PageVerdict.BadHeader));
    }

    [Fact]
    public async Task WhatIsWrongIsSaid()
    {
        using ClusterRig rig = new("sync");
        ushort stored = 0;
        rig.Edit(Orders, content =>
        {
            stored = PageHeader.ChecksumOf(content.AsSpan(3 * 8192));

            // A checksum of its own; two pages that changed places; a page that says it is new; a page of zeros, which is one.
            BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan((3 * 8192) + 8), (ushort)(stored ^ 0x0F0F));
            byte[] page = content[(10 * 8192)..(11 * 8192)];
            content.AsSpan(11 * 8192, 8192).CopyTo(content.AsSpan(10 * 8192));
            page.CopyTo(content, 11 * 8192);
            BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan((20 * 8192) + 14), 0);
            content.AsSpan(30 * 8192, 8192).Clear();
        });
        await rig.VerifyAsync();
        Assert.Equal([3u, 10u, 11u, 20u], rig.Bad.Select(static bad => bad.BlockNumber));
        Assert.Equal(new BadBlock(Orders, 3, stored, (ushort)(stored ^ 0x0F0F), PageVerdict.BadChecksum), rig.Bad[0]);
        Assert.Equal(PageVerdict.BadChecksum, rig.Bad[1].Verdict);
        Assert.Equal(PageVerdict.BadHeader, rig.Bad[3].Verdict);
    }

    [Theory]
    [InlineData(13, 202007201u)]
    [InlineData(14, 202107181u)]
    [InlineData(15, 202209061u)]
    [InlineData(16, 202307071u)]
    [InlineData(17, 202406281u)]
    [InlineData(18, 202506291u)]
    public async Task EveryVersionIsVerified(int major, uint catalog)
    {
        using ClusterRig rig = new("sync");
        Cluster.BecomeVersion(rig.Data, major, catalog);
        ControlFile control = await ControlFile.ReadAsync(rig.System, rig.Data);
        Assert.Equal((major, catalog, $"PG_{major}_{catalog}", true),
            (control.MajorVersion, control.CatalogVersion, control.TablespaceFolder, control.IsShutDown));
        Assert.Equal((8192u, 131072u, 8192u, 1u << 20, 1u),
            (control.PageBytes, control.SegmentBlocks, control.LogPageBytes, control.LogSegmentBytes, control.ChecksumVersion));
        Assert.True((await rig.VerifyAsync()).IsSound);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task TablespacesAreFollowed(string method)
    {
        using ClusterRig rig = new(method);
        ControlFile control = await ControlFile.ReadAsync(rig.System, rig.Data);
        string own = rig.Outside($"space/{control.TablespaceFolder}/5");
        Directory.CreateDirectory(own);
        File.Move(rig.PathOf(Orders), Path.Combine(own, "16384"));

        // Another version's folder, and what is not a relation, are nobody's business here.
        Directory.CreateDirectory(rig.Outside("space/PG_17_202406281/5"));
        File.WriteAllBytes(rig.Outside("space/PG_17_202406281/5/16384"), new byte[100]);
        Directory.CreateDirectory(rig.Outside($"space/{control.TablespaceFolder}/pgsql_tmp"));
        File.WriteAllBytes(rig.Outside($"space/{control.TablespaceFolder}/pgsql_tmp/16384"), new byte[100]);
        Directory.CreateSymbolicLink(rig.PathOf("pg_tblspc/24576"), rig.Outside("space"));
        ClusterVerification result = await rig.VerifyAsync();
        Assert.Equal((Cluster.FileCount, Cluster.BlockCount, true), (result.FileCount, (int)result.BlockCount, result.IsSound));
        byte[] content = File.ReadAllBytes(Path.Combine(own, "16384"));
        content[(7 * 8192) + 100] ^= 4;
        File.WriteAllBytes(Path.Combine(own, "16384"), content);
        await rig.VerifyAsync();
        Assert.Equal(($"pg_tblspc/24576/{control.TablespaceFolder}/5/16384", 7u), (rig.Bad[0].Path, rig.Bad[0].BlockNumber));

        // A tablespace whose disk is not there must not pass for sound.
        Directory.CreateSymbolicLink(rig.PathOf("pg_tblspc/24577"), rig.Outside("gone"));
        await rig.VerifyAsync();
        Assert.Equal("pg_tblspc/24577", Assert.Single(rig.Problems).Path);
    }

    [Fact]
    public async Task BlocksOfLaterSegmentsCountFromTheFirst()
    {
        using ClusterRig rig = new("sync");

        // Made by another segment size than this cluster's is made to say, so that the second segment is short.
        Cluster.EditControl(rig.Data, static control => BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(220), 100));
        byte[] content = File.ReadAllBytes(rig.PathOf(Orders));
        File.WriteAllBytes(rig.PathOf(Orders), content[..(100 * 8192)]);
        File.WriteAllBytes(rig.PathOf(Orders + ".1"), content[(100 * 8192)..(200 * 8192)]);
        File.WriteAllBytes(rig.PathOf(Orders + ".2"), content[(200 * 8192)..]);
        Assert.True((await rig.VerifyAsync()).IsSound);
        content[(203 * 8192) + 77] ^= 1;
        File.WriteAllBytes(rig.PathOf(Orders + ".2"), content[(200 * 8192)..]);
        await rig.VerifyAsync();
        Assert.Equal((Orders + ".2", 203u), (rig.Bad[0].Path, rig.Bad[0].BlockNumber));

        // In the wrong place it is no longer right.
        File.Move(rig.PathOf(Orders + ".1"), rig.PathOf(Orders + ".3"));
        Assert.Equal(101, (await rig.VerifyAsync()).BadBlockCount);
    }

    [Fact]
    public async Task ATemporaryRelationsFileIsVerifiedAndOtherFilesAreNot()
    {
        using ClusterRig rig = new("sync");
        File.Copy(rig.PathOf(Orders), rig.PathOf("base/5/t3_99999"));
        File.WriteAllBytes(rig.PathOf("base/5/pg_internal.init"), new byte[9000]);
        File.WriteAllBytes(rig.PathOf("base/5/notes.txt"), new byte[9000]);
        Directory.CreateDirectory(rig.PathOf("base/pgsql_tmp"));
        File.WriteAllBytes(rig.PathOf("base/pgsql_tmp/pgsql_tmp12.0"), new byte[9000]);
        ClusterVerification result = await rig.VerifyAsync();
        Assert.Equal((Cluster.FileCount + 1, Cluster.BlockCount + 249, true), (result.FileCount, (int)result.BlockCount, result.IsSound));
    }

    [Fact]
    public async Task ALengthThatIsNoWholeBlocksIsAProblemAndTheWholeBlocksAreVerified()
    {
        using ClusterRig rig = new("sync");
        byte[] content = File.ReadAllBytes(rig.PathOf(Orders));
        content[(248 * 8192) + 99] ^= 1;
        File.WriteAllBytes(rig.PathOf(Orders), [.. content, .. new byte[1000]]);
        ClusterVerification result = await rig.VerifyAsync();
        Assert.Equal(Cluster.BlockCount, result.BlockCount);
        Assert.Equal(248u, Assert.Single(rig.Bad).BlockNumber);
        ClusterProblem problem = Assert.Single(rig.Problems);
        Assert.Equal(Orders, problem.Path);
        Assert.Contains("no multiple of 8192: the last 1000 bytes", problem.Message, StringComparison.Ordinal);
        Assert.False(result.IsSound);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnUnreadableBlockIsNamedAndAllOthersAreVerified(string method)
    {
        using ClusterRig rig = new(method);
        rig.Edit(Orders, static content => content[(60 * 8192) + 99] ^= 1);

        // Block 50: as a bad sector does, it fails every read that has it.
        using var sector = rig.Control.Replace(static _ => -Errno.EIO, static request =>
            request.Operation == IoOperation.Read && request.File.Path.EndsWith(Orders, StringComparison.Ordinal)
            && request.OffsetBytes <= 50 * 8192 && request.OffsetBytes + request.LengthBytes > 50 * 8192);
        ClusterVerification result = await rig.VerifyAsync();
        ClusterProblem problem = Assert.Single(rig.Problems);
        Assert.Contains("block 50 cannot be read: ", problem.Message, StringComparison.Ordinal);
        Assert.Contains("EIO", problem.Message, StringComparison.Ordinal);
        Assert.Equal(60u, Assert.Single(rig.Bad).BlockNumber);
        Assert.Equal(Cluster.BlockCount - 1, result.BlockCount);
        Assert.Equal(Cluster.FileCount, result.FileCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ShortReadsAreReadOnToTheEnd(string method)
    {
        using ClusterRig rig = new(method);
        rig.Edit(Orders, static content => content[(200 * 8192) + 5] ^= 1);
        using var crumbs = rig.Control.Replace(
            static result => result > 3 * 8192 ? (2 * 8192) + 1000 : result, static request => request.Operation == IoOperation.Read);
        ClusterVerification result = await rig.VerifyAsync();
        Assert.Equal((Cluster.FileCount, Cluster.BlockCount), (result.FileCount, (int)result.BlockCount));
        Assert.Equal(200u, Assert.Single(rig.Bad).BlockNumber);
    }

    [Fact]
    public async Task AFileThatShrinksOrVanishesMeanwhileIsSaid()
    {
        using ClusterRig rig = new("sync");
        bool isCut = false;
        using (rig.Control.Replace(static result => result, request =>
        {
            if (!isCut && request.File.Path.Contains("/base/5/", StringComparison.Ordinal))
            {
                isCut = true;
                using FileStream file = File.OpenWrite(rig.PathOf("global/1262"));
                file.SetLength(0);
                File.Delete(rig.PathOf("global/1260"));
            }

            return false;
        }))
        {
            await rig.VerifyAsync(new ClusterVerifierOptions { Flows = 1, Depth = 1 });
        }

        Assert.Equal(["global/1260", "global/1262"], rig.Problems.Select(static problem => problem.Path).Order(StringComparer.Ordinal));
        Assert.Contains(rig.Problems, static problem => problem.Message.Contains("ENOENT", StringComparison.Ordinal));
        Assert.Contains(rig.Problems, static problem => problem.Message.Contains("ends before byte 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatCannotBeVerifiedIsRefusedWithOneLine()
    {
        using ClusterRig rig = new("sync");
        await RefusesAsync(rig, "process 1, by postmaster.pid): stop it first", () =>
            File.WriteAllText(rig.PathOf("postmaster.pid"), "1\n/data\n"));
        await RefusesAsync(rig, "names no process", () => File.WriteAllText(rig.PathOf("postmaster.pid"), ""));

        // A number that no process can have is a server that is gone.
        File.WriteAllText(rig.PathOf("postmaster.pid"), $"{int.MaxValue}\n");
        Assert.True((await rig.VerifyAsync()).IsSound);
        File.Delete(rig.PathOf("postmaster.pid"));
        await RefusesAsync(rig, "checksums to verify: they are off", () =>
            Cluster.EditControl(rig.Data, static control => control[252] = 0));
        Cluster.EditControl(rig.Data, static control => control[252] = 1);
        await RefusesAsync(rig, "not shut down cleanly (its control file says 'in production')", () =>
            Cluster.EditControl(rig.Data, static control => control[16] = 6));
        Cluster.EditControl(rig.Data, static control => control[16] = 1);
        await RefusesAsync(rig, "pages of 4096 bytes", () =>
            Cluster.EditControl(rig.Data, static control => BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(216), 4096)));
        Cluster.EditControl(rig.Data, static control => BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(216), 8192));
        await RefusesAsync(rig, "PostgreSQL '12'", () => File.WriteAllText(rig.PathOf("PG_VERSION"), "12\n"));
        await RefusesAsync(rig, "versions 13 to 18", () => File.WriteAllText(rig.PathOf("PG_VERSION"), "17\n"));
        File.WriteAllText(rig.PathOf("PG_VERSION"), "18\n");
        byte[] control = File.ReadAllBytes(rig.PathOf("global/pg_control"));
        await RefusesAsync(rig, "pg_control is damaged: its checksum is", () =>
            File.WriteAllBytes(rig.PathOf("global/pg_control"), [.. control[..40], (byte)(control[40] ^ 1), .. control[41..]]));
        await RefusesAsync(rig, "only 100 bytes: it was cut off", () =>
            File.WriteAllBytes(rig.PathOf("global/pg_control"), control[..100]));
        await RefusesAsync(rig, "no data directory of PostgreSQL: it has no global/pg_control", () =>
            File.Delete(rig.PathOf("global/pg_control")));
        await RefusesAsync(rig, "no data directory of PostgreSQL: it has no PG_VERSION", () => File.Delete(rig.PathOf("PG_VERSION")));
    }

    [Fact]
    public async Task EveryFlippedBitOfTheControlFileIsFound()
    {
        using ClusterRig rig = new("sync");
        byte[] control = File.ReadAllBytes(rig.PathOf("global/pg_control"));
        for (int bit = 0; bit < 296 * 8; bit++)
        {
            control[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<StorageException>(() => ControlFile.Parse("/data", "18", control));
            control[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(18, ControlFile.Parse("/data", "18", control).MajorVersion);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task AVerificationCanBeStopped()
    {
        using ClusterRig rig = new("worker");
        using CancellationTokenSource stop = new();
        ClusterVerifier verifier = new(rig.System, rig.Data, new ClusterVerifierOptions { Depth = 4 });
        using var stall = rig.Control.Stall(static request => request.File.Path.Contains("/base/5/", StringComparison.Ordinal));
        Task<ClusterVerification> run = Task.Run(() => verifier.VerifyAsync(stop.Token));
        Assert.True(stall.WaitUntilStalled(4, StorageRig.Watchdog));
        stop.Cancel();
        stall.Release();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(StorageRig.Watchdog));
        Assert.True(verifier.BytesDone < verifier.BytesTotal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => verifier.VerifyAsync());
    }

    [Fact]
    public async Task MemoryDoesNotGrowWithTheData()
    {
        using ClusterRig rig = new("sync");
        byte[] content = File.ReadAllBytes(rig.PathOf(Orders));
        await rig.VerifyAsync();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await rig.VerifyAsync();
        long small = GC.GetTotalAllocatedBytes(precise: true) - before;

        // 190 MiB in one file more: pages in the wrong places would all be reported, so the file is empty pages.
        using (FileStream file = File.Create(rig.PathOf("base/5/999999"))) file.SetLength(200_000_000L / 8192 * 8192);
        before = GC.GetTotalAllocatedBytes(precise: true);
        await rig.VerifyAsync();
        long large = GC.GetTotalAllocatedBytes(precise: true) - before;

        // The injecting wrapper takes some hundreds of bytes per read; the pages are in native memory, and as many as before.
        Assert.InRange(large - small, -2_000_000, 4_000_000);
    }

    [Fact]
    public void AVerificationRunsInALoopOnASimulatedDisk()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = 5 });
        SimulatedRig.Loop(disk, async system =>
        {
            int files = 0;
            int blocks = 0;
            foreach ((string path, byte[] content) in Cluster.ReadAll())
            {
                if (path.StartsWith("base/", StringComparison.Ordinal) && !path.StartsWith(Orders, StringComparison.Ordinal)) continue;
                system.FileSystem.CreateDirectory(system.FileSystem.DirectoryOf($"/data/{path}"));
                await using AioFile file = await AioFile.OpenAsync(
                    system, $"/data/{path}", new IoOpenOptions { Access = IoAccess.Write, Creation = IoCreation.CreateNew });
                if (path == Orders) content[(9 * 8192) + 500] ^= 1;
                await file.WriteAsync(content, 0);
                if (!RelationPaths.TryParse(Path.GetFileName(path), out _) || path.StartsWith("pg_", StringComparison.Ordinal)) continue;
                files++;
                blocks += content.Length / 8192;
            }

            List<BadBlock> bad = [];
            ClusterVerification result = await new ClusterVerifier(system, "/data", new ClusterVerifierOptions { OnBadBlock = bad.Add })
                .VerifyAsync();
            Assert.Equal((files, blocks, 0), (result.FileCount, (int)result.BlockCount, result.ProblemCount));
            Assert.Equal((Orders, 9u), (Assert.Single(bad).Path, bad[0].BlockNumber));
        });
    }

    [Fact]
    public void BadOptionsAreListed()
    {
        using ClusterRig rig = new("sync");
        ArgumentException failure = Assert.Throws<ArgumentException>(
            () => new ClusterVerifier(rig.System, rig.Data, new ClusterVerifierOptions { Depth = 0, Flows = -1, ReadBytes = 1000 }));
        Assert.Contains("Depth is 0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Flows is -1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ReadBytes is 1000", failure.Message, StringComparison.Ordinal);
    }

    private static async Task RefusesAsync(ClusterRig rig, string text, Action change)
    {
        change();
        StorageException refusal = await Assert.ThrowsAsync<StorageException>(() => rig.VerifyAsync());
        Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
