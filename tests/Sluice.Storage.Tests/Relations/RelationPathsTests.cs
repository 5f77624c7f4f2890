namespace Sluice.Storage.Tests.Relations;

/// <summary>PostgreSQL's names of relation files.</summary>
public sealed class RelationPathsTests
{
    [Fact]
    public void FilesAreCalledAsPostgreSqlCallsThem()
    {
        RelationKey orders = new(new RelationId(RelationId.DefaultTablespace, 5, 16384));
        RelationKey shared = new(new RelationId(RelationId.GlobalTablespace, 0, 1262));
        RelationKey elsewhere = new(new RelationId(24576, 5, 16390));
        RelationKey temporary = new(new RelationId(RelationId.DefaultTablespace, 5, 16400), TemporaryOwner: 3);
        Assert.Equal("base/5/16384", Of(orders, RelationFork.Main));
        Assert.Equal("base/5/16384.2", Of(orders, RelationFork.Main, 2));
        Assert.Equal("base/5/16384_fsm", Of(orders, RelationFork.FreeSpaceMap));
        Assert.Equal("base/5/16384_vm.1", Of(orders, RelationFork.VisibilityMap, 1));
        Assert.Equal("base/5/16384_init", Of(orders, RelationFork.Initialization));
        Assert.Equal("global/1262", Of(shared, RelationFork.Main));
        Assert.Equal("pg_tblspc/24576/PG_18_202506291/5/16390", Of(elsewhere, RelationFork.Main));
        Assert.Equal("base/5/t3_16400", Of(temporary, RelationFork.Main));
        Assert.Equal("base/5/t3_16400_fsm.1", Of(temporary, RelationFork.FreeSpaceMap, 1));
    }

    [Fact]
    public void ANameIsReadAsItIsWritten()
    {
        Random random = new(7);
        for (int round = 0; round < 5000; round++)
        {
            uint number = (uint)random.NextInt64(uint.MaxValue);
            RelationFork fork = (RelationFork)random.Next(4);
            uint segment = random.Next(2) == 0 ? 0 : (uint)random.Next(1, 40000);
            int owner = random.Next(2) == 0 ? -1 : random.Next(1000);
            string name = RelationPaths.NameOf(new RelationKey(new RelationId(1663, 1, number), owner), fork, segment);
            Assert.True(RelationPaths.TryParse(name, out RelationFileName read), name);
            Assert.Equal(new RelationFileName(number, fork, segment, owner), read);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("pg_control")]
    [InlineData("pg_filenode.map")]
    [InlineData("pg_internal.init")]
    [InlineData("PG_VERSION")]
    [InlineData("pgsql_tmp123.4")]
    [InlineData("16384_")]
    [InlineData("16384_xyz")]
    [InlineData("16384_fsm_vm")]
    [InlineData("16384.")]
    [InlineData("16384.0")]
    [InlineData("16384.01")]
    [InlineData("16384.1.2")]
    [InlineData("16384.x")]
    [InlineData("t_16384")]
    [InlineData("t3")]
    [InlineData("t3_")]
    [InlineData("t-3_16384")]
    [InlineData("+16384")]
    [InlineData(" 16384")]
    [InlineData("16384 ")]
    [InlineData("016384")]
    [InlineData("4294967296")]
    [InlineData("16384.4294967296")]
    [InlineData("16384.tmp")]
    public void OtherNamesAreNoRelationFiles(string name) => Assert.False(RelationPaths.TryParse(name, out _), name);

    [Fact]
    public void NoTextMakesTheReaderThrow()
    {
        Random random = new(11);
        const string letters = "0123456789._tfsmvini";
        for (int round = 0; round < 20000; round++)
        {
            char[] name = new char[random.Next(16)];
            for (int index = 0; index < name.Length; index++) name[index] = letters[random.Next(letters.Length)];
            if (!RelationPaths.TryParse(name, out RelationFileName read)) continue;
            RelationKey key = new(new RelationId(1663, 1, read.Number), read.TemporaryOwner);
            Assert.Equal(new string(name), RelationPaths.NameOf(key, read.Fork, read.Segment));
        }
    }

    private static string Of(RelationKey key, RelationFork fork, uint segment = 0) =>
        RelationPaths.PathOf(key, fork, segment, "PG_18_202506291");
}
