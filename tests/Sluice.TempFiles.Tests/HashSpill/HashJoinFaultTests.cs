using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Whatever goes wrong in a join, it ends with one error and leaves nothing.</summary>
public sealed class HashJoinFaultTests : FaultTests
{
    private protected override IEnumerable<Action<FaultyWork>> Works => [Join];

    // Some keys are so frequent that their partition is joined block by block.
    private static void Join(FaultyWork work)
    {
        Random random = new(8);
        List<Row> build = JoinModel.Rows(random, 3000, () => random.Next(4) == 0 ? random.Next(500) : 7, 80);
        List<Row> probe = JoinModel.Rows(random, 3000, () => random.Next(200) == 0 ? 7 : random.Next(8, 1000), 80);
        JoinModel model = new() { BeforeEqual = work.UserCode, BeforeConsume = work.UserCode };
        RowCodec codec = new() { BeforeEncode = work.UserCode, BeforeDecode = work.UserCode };
        HashJoin<Row, Row> join = work.Make(new HashJoin<Row, Row>(
            work.Context, work.Owner, JoinKind.Full, codec, codec, model, model, new HashSpillOptions { MemoryBytes = 64 << 10 },
            work.Token));
        model.Run(join, build, probe);
        model.Expect(JoinKind.Full, build, probe);
    }
}
