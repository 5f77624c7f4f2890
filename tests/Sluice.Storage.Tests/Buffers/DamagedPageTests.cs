using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>
/// What a read says about pages that are not as they should be, to whom, and what it makes of them (acceptance groups E, Z, C, G).
/// </summary>
public sealed class DamagedPageTests
{
    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnInvalidPageIsAnErrorThatNamesBlockAndFile(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8, isTemporary: isTemporary);
        rig.CorruptHeader(session, relation, 1);
        string wanted = $"invalid page in block 1 of relation \"base/5/{(isTemporary ? "t3_" : "")}16384\"";
        Assert.Equal(wanted, Fails(session, relation, 1, 1));
        Assert.Equal(wanted, Assert.Throws<StorageException>(() => PoolRig.Scan(session, relation, 8)).Message);
        Assert.Equal(wanted, Assert.Throws<StorageException>(() => session.Read(relation, RelationFork.Main, 1)).Message);
        Assert.Equal(wanted, PoolRig.Run(Assert.ThrowsAsync<StorageException>(async () =>
            await session.ReadAsync(relation, RelationFork.Main, 1))).Message);
        Assert.Equal(0, session.PinCount);
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnInvalidPageCanBeTakenAsZerosWithAWarning(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        (BufferSession session, List<string> warnings) = Watched(rig);
        Relation relation = rig.Make(8, isTemporary: isTemporary);
        string path = relation.PathOf();
        rig.CorruptHeader(session, relation, 0);
        Assert.Equal($"invalid page in block 0 of relation \"{path}\"", Fails(session, relation, 0, 1));
        PoolRig.ReadAll(session, relation, 0, 1, ReadFlags.ZeroOnError);
        Assert.Equal([$"invalid page in block 0 of relation \"{path}\"; zeroing out page"], Taken(warnings));

        rig.Zero(session, relation, 0);
        PoolRig.ReadAll(session, relation, 0, 1);
        Assert.Empty(warnings);

        rig.CorruptHeader(session, relation, 3);
        PoolRig.ReadAll(session, relation, 3, 1, ReadFlags.ZeroOnError);
        Assert.Contains("block 3", Assert.Single(Taken(warnings)), StringComparison.Ordinal);

        rig.CorruptHeader(session, relation, 2);
        PoolRig.Evict(session, relation, 1, 2, 3, 4);
        string among = $"among blocks 1..4 of relation \"{path}\"; block 2 held the first";
        Assert.Equal($"2 invalid pages {among} invalid page, the pool's warnings name the other 1", Fails(session, relation, 1, 4));
        PoolRig.Evict(session, relation, 1, 2, 3, 4);
        PoolRig.ReadAll(session, relation, 1, 4, ReadFlags.ZeroOnError);
        Assert.Equal([$"zeroing out 2 invalid pages {among} zeroed page, the pool's warnings name the other 1"], Taken(warnings));

        PoolRig.Evict(session, relation, 1, 2, 3, 4);
        session.ZeroDamagedPages = true;
        PoolRig.ReadAll(session, relation, 1, 4);
        Assert.Equal([$"zeroing out 2 invalid pages {among} zeroed page, the pool's warnings name the other 1"], Taken(warnings));

        session.ZeroDamagedPages = false;
        PoolRig.Evict(session, relation);
        rig.Zero(session, relation, 3);
        Assert.Contains("block 2", Assert.Throws<StorageException>(() =>
            PoolRig.Scan(session, relation, 8, IsZeroed)).Message, StringComparison.Ordinal);
        session.ZeroDamagedPages = true;
        PoolRig.Evict(session, relation);
        PoolRig.Scan(session, relation, 8, IsZeroed);
        Assert.Equal([$"invalid page in block 2 of relation \"{path}\"; zeroing out page"], Taken(warnings));

        static bool IsZeroed(uint block) => block is 0 or 2 or 3;
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void WarningsBelongToWhoeverIssuedTheRead(string method)
    {
        using PoolRig rig = new(method);
        (BufferSession issuer, List<string> warnings) = Watched(rig);
        (BufferSession other, List<string> othersWarnings) = Watched(rig);
        Relation relation = rig.Make(8);
        rig.CorruptHeader(issuer, relation, 1);
        (List<(ReadOperation, ReadRow)> begun, BufferPin[] pins) = PoolRig.StartAll(issuer, relation, 1, 1, ReadFlags.ZeroOnError);
        PoolRig.Scan(other, relation, 8, static block => block == 1);
        Assert.Empty(othersWarnings);
        PoolRig.WaitAll(issuer, begun, pins);
        Assert.Single(warnings);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void WhoJoinsAReadThatFailsTriesItselfAndGetsItsOwnError(string method)
    {
        using PoolRig rig = new(method);
        BufferSession issuer = rig.Session("issuer");
        BufferSession other = rig.Session("other");
        Relation relation = rig.Make(8);
        rig.CorruptHeader(issuer, relation, 1);
        rig.Log.Clear();
        (List<(ReadOperation, ReadRow)> begun, BufferPin[] pins) = PoolRig.StartAll(issuer, relation, 1, 1);
        Assert.Equal("invalid page in block 1 of relation \"base/5/16384\"", Fails(other, relation, 1, 1));

        // Both reads left their line in the log, whoever completed them.
        Assert.Equal(2, rig.Log.Count(static warning =>
            warning.Message.StartsWith("invalid page in block 1 of relation \"base/5/16384\":", StringComparison.Ordinal)));
        Assert.Throws<StorageException>(() => PoolRig.WaitAll(issuer, begun, pins));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AWrongChecksumIsCountedForItsDatabase(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation normal = rig.Make(8);
        Relation temporary = rig.Make(8, 16385, isTemporary: true);
        Relation shared = rig.Make(8, 1260, database: 0);
        DateTimeOffset began = DateTimeOffset.UtcNow.AddSeconds(-1);

        rig.CorruptChecksum(session, normal, 3);
        Assert.Equal("invalid page in block 3 of relation \"base/5/16384\"", Fails(session, normal, 3, 1));
        Assert.Equal(1, rig.Pool.ReadChecksumFailures(5).Count);
        Assert.True(rig.Pool.ReadChecksumFailures(5).LastFailure >= began);

        rig.CorruptChecksum(session, temporary, 3);
        rig.CorruptChecksum(session, temporary, 4);
        Assert.Equal("invalid page in block 4 of relation \"base/5/t3_16385\"", Fails(session, temporary, 4, 2));
        Assert.Equal(2, rig.Pool.ReadChecksumFailures(5).Count);

        rig.CorruptChecksum(session, shared, 2);
        rig.CorruptChecksum(session, shared, 3);
        Assert.Equal(
            "2 invalid pages among blocks 2..3 of relation \"global/1260\"; block 2 held the first invalid page, "
                + "the pool's warnings name the other 1", Fails(session, shared, 2, 2));
        Assert.Equal(2, rig.Pool.ReadChecksumFailures(0).Count);
        Assert.NotNull(rig.Pool.ReadChecksumFailures(0).LastFailure);
        Assert.Equal([0u, 5u], rig.Pool.ReadChecksumFailures().Select(static row => row.DatabaseOid));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AWrongChecksumCanBeIgnoredButNotAWrongHeader(string method)
    {
        using PoolRig rig = new(method);
        (BufferSession session, List<string> warnings) = Watched(rig);
        Relation relation = rig.Make(8);
        foreach (uint block in (uint[])[1, 5, 6]) rig.CorruptChecksum(session, relation, block);
        Assert.Throws<StorageException>(() => PoolRig.Scan(session, relation, 8));
        PoolRig.Evict(session, relation);
        session.IgnoreChecksumFailures = true;
        PoolRig.Scan(session, relation, 8);
        Assert.Equal(
            "ignoring 3 checksum failures among blocks 0..7 of relation \"base/5/16384\"; block 1 held the first ignored page, "
                + "the pool's warnings name the other 2", Assert.Single(Taken(warnings)));

        Relation second = rig.Make(8, 16385);
        rig.Zero(session, second, 2);
        rig.CorruptChecksum(session, second, 3);
        rig.CorruptHeader(session, second, 4);
        rig.Log.Clear();
        PoolRig.ReadAll(session, second, 3, 1);
        Assert.Equal("ignoring checksum failure in block 3 of relation \"base/5/16385\"", Assert.Single(Taken(warnings)));
        Assert.StartsWith("ignoring checksum failure in block 3", Assert.Single(rig.Log).Message, StringComparison.Ordinal);
        PoolRig.Evict(session, second);
        Assert.Equal("invalid page in block 4 of relation \"base/5/16385\"", Fails(session, second, 2, 3));

        rig.Zero(session, second, 1);
        rig.CorruptChecksum(session, second, 2);
        rig.ChangeOnDisk(session, second, 2, static page => TestPage.Make(16385, 2, 0).CopyTo(page, 0));
        rig.CorruptChecksum(session, second, 2);
        rig.CorruptBoth(session, second, 3);
        rig.CorruptHeader(session, second, 5);
        rig.CorruptChecksum(session, second, 6);
        PoolRig.Evict(session, second);
        rig.Log.Clear();
        PoolRig.ReadAll(session, second, 1, 6, ReadFlags.ZeroOnError);
        Assert.Equal(
            "zeroing 3 pages and ignoring 2 checksum failures among blocks 1..6 of relation \"base/5/16385\"; "
                + "block 3 held the first zeroed page, the pool's warnings name the other 4",
            Assert.Single(Taken(warnings)));
        Assert.Equal(
            ["ignoring 2", "zeroing 3", "zeroing 4", "zeroing 5", "ignoring 6"],
            rig.Log.Select(static line => Verb(line.Message) + line.Message.Split("block ")[1][0]));

        PoolRig.Evict(session, second);
        Assert.Equal("invalid page in block 3 of relation \"base/5/16385\"", Fails(session, second, 3, 1));
        PoolRig.ReadAll(session, second, 3, 1, ReadFlags.ZeroOnError);
        Assert.Equal("invalid page in block 3 of relation \"base/5/16385\"; zeroing out page", Assert.Single(Taken(warnings)));
    }

    [Fact]
    public void OneReadCanHaveNothingButBadPages()
    {
        // 128 in one I/O do not overflow what their numbers are packed into.
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 512, CombineMax = 128 }, options =>
            options.VectorsPerHandle = 128);
        (BufferSession session, List<string> warnings) = Watched(rig);
        Relation relation = rig.Make(128);
        for (uint block = 0; block < 128; block++) rig.CorruptHeader(session, relation, block);
        Assert.Equal(
            "128 invalid pages among blocks 0..127 of relation \"base/5/16384\"; block 0 held the first invalid page, "
                + "the pool's warnings name the other 127", Fails(session, relation, 0, 128));
        Assert.Equal(["0/0/io/128"], PoolRig.ReadAll(session, relation, 0, 128, ReadFlags.ZeroOnError).Select(static row =>
            row.ToString()));
        Assert.StartsWith("zeroing out 128 invalid pages among blocks 0..127", Assert.Single(warnings), StringComparison.Ordinal);
    }

    private static string Verb(string message) => message.StartsWith("ignoring", StringComparison.Ordinal) ? "ignoring " : "zeroing ";

    private static string Fails(BufferSession session, Relation relation, uint block, int count) =>
        Assert.Throws<StorageException>(() => PoolRig.ReadAll(session, relation, block, count)).Message;

    private static (BufferSession Session, List<string> Warnings) Watched(PoolRig rig)
    {
        BufferSession session = rig.Session();
        List<string> warnings = [];
        session.Warning += warning => warnings.Add(warning.Message);
        return (session, warnings);
    }

    private static List<string> Taken(List<string> warnings)
    {
        List<string> taken = [.. warnings];
        warnings.Clear();
        return taken;
    }
}
