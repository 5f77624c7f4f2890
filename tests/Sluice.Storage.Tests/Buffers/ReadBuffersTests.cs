using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>How many operations a read of neighbouring blocks takes, and which (acceptance group R).</summary>
public sealed class ReadBuffersTests
{
    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    public static TheoryData<string> Methods => PoolRig.Methods;

    [Theory]
    [MemberData(nameof(Cases))]
    public void BlocksThatAreNotInMemoryAreReadTogether(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        Assert.Equal(["0/0/io/2"], Rows(session, relation, 0, 2));
        Assert.Equal(["0/0/hit/1", "1/1/hit/1"], Rows(session, relation, 0, 2));
        Assert.Equal(["0/3/io/1"], Rows(session, relation, 3, 1));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AHitInTheMiddleEndsTheReadBeforeItAndIsForwarded(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        Rows(session, relation, 3, 1);
        Assert.Equal(["0/2/io/1", "1/3/hit/1", "2/4/io/2"], Rows(session, relation, 2, 4));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachBlockIsAMissOnceAndThenAHit(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        Assert.Equal(["0/0/io/1"], Rows(session, relation, 0, 1));
        Assert.Equal(["0/0/hit/1"], Rows(session, relation, 0, 1));
        Assert.Equal(["0/1/io/1"], Rows(session, relation, 1, 1));
        Assert.Equal(["0/1/hit/1"], Rows(session, relation, 1, 1));
        Assert.Equal(["0/0/hit/1", "1/1/hit/1"], Rows(session, relation, 0, 2));
        Assert.Equal(["0/0/hit/1", "1/1/hit/1", "2/2/io/1"], Rows(session, relation, 0, 3));
        PoolRig.Evict(session, relation, 0);
        Assert.Equal(["0/0/io/1", "1/1/hit/1", "2/2/hit/1"], Rows(session, relation, 0, 3));
        PoolRig.Evict(session, relation, 1, 2);
        Rows(session, relation, 3, 2);
        Assert.Equal(["0/1/io/2", "2/3/hit/1", "3/4/hit/1"], Rows(session, relation, 1, 4));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OneReadHasNoMoreBlocksThanTheSessionCombines(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session(options: new BufferSessionOptions { CombineMax = 3 });
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        Assert.Equal(["0/1/io/3", "3/4/io/2"], Rows(session, relation, 1, 5));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void OneReadEndsWithTheSegment(string method)
    {
        using PoolRig rig = new(method, storage: new StorageOptions { SegmentBlocks = 4 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(4);
        File.WriteAllBytes(rig.PathOf(relation) + ".1", [.. TestPage.Make(16384, 4, 0), .. TestPage.Make(16384, 5, 0)]);
        Assert.Equal(["0/2/io/2", "2/4/io/2"], Rows(session, relation, 2, 4));
        PoolRig.Scan(session, relation, 6);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ABlockThatIsBeingReadAlreadyIsJoined(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16, isTemporary: isTemporary);
        for (uint own = 1; own <= 3; own++)
        {
            (List<(ReadOperation, ReadRow)> begun, BufferPin[] pins) = PoolRig.StartAll(session, relation, own, 1);
            List<string> rows = Rows(session, relation, 1, 3);
            string[][] wanted = own switch
            {
                1 => [["0/1/hit/1", "0/1/foreign/1"], ["1/2/io/2"]],
                2 => [["0/1/io/1"], ["1/2/hit/1", "1/2/foreign/1"], ["2/3/io/1"]],
                _ => [["0/1/io/2"], ["2/3/hit/1", "2/3/foreign/1"]],
            };
            Assert.Equal(wanted.Length, rows.Count);
            for (int row = 0; row < rows.Count; row++) Assert.Contains(rows[row], wanted[row]);
            PoolRig.WaitAll(session, begun, pins);
            PoolRig.Evict(session, relation);
        }
    }

    [Theory]
    [InlineData("sync", false)]
    [InlineData("sync", true)]
    [InlineData("worker", false)]
    [InlineData("worker", true)]
    [InlineData("io_uring", false)]
    [InlineData("io_uring", true)]
    public void ABlockWhoseReaderSaysNothingYetIsWaitedFor(string method, bool succeeds)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session("a");
        BufferSession other = rig.Session("b");
        Relation relation = rig.Make(16);
        BufferPin toy = Toy(other, relation, 3);
        Assert.Equal(BufferIoStart.Ready, rig.Pool.Frames.StartIo(toy.Slot, isRead: true, out _));
        Task<List<string>> reading = PoolRig.Elsewhere(() => Rows(session, relation, 1, 5));
        PoolRig.Until(() => rig.HasIoWaiter(toy.Slot), "the reader waits for the buffer's I/O");
        if (succeeds) TestPage.Fill(toy.Page, 16384, 3, 0);
        rig.Pool.Frames.EndIo(toy.Slot, succeeds ? BufferState.Valid : 0, cleans: false, unlocks: false, unpins: false);
        Assert.Equal(succeeds ? ["0/1/io/2", "2/3/hit/1", "3/4/io/2"] : ["0/1/io/2", "2/3/io/3"], PoolRig.Run(reading));
        toy.Release();
    }

    /// <summary>Pins a block's buffer without reading it.</summary>
    internal static BufferPin Toy(BufferSession session, Relation relation, uint block)
    {
        (List<(ReadOperation, ReadRow)> begun, BufferPin[] pins) = PoolRig.StartAll(session, relation, block, 1);
        foreach ((ReadOperation operation, _) in begun) session.WaitReadBuffers(operation);
        pins[0].Frames.ChangeFlags(pins[0].Slot, 0, BufferState.Valid);
        return pins[0];
    }

    private static List<string> Rows(BufferSession session, Relation relation, uint block, int count) =>
        [.. PoolRig.ReadAll(session, relation, block, count).Select(static row => row.ToString())];
}
