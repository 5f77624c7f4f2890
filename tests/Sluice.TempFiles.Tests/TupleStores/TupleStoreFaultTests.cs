using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.TupleStores;

/// <summary>Whatever goes wrong in a tuple store, plain or shared, it ends with one error and leaves nothing.</summary>
public sealed class TupleStoreFaultTests : FaultTests
{
    private protected override IEnumerable<Action<FaultyWork>> Works => [WriteAndRead, WriteAndShare];

    private static void WriteAndRead(FaultyWork work)
    {
        RowCodec codec = new() { BeforeEncode = work.UserCode, BeforeDecode = work.UserCode };
        TupleStore<Row> store = work.Make(
            new TupleStore<Row>(work.Context, work.Owner, codec, new TupleStoreOptions { MemoryBytes = 64 << 10 }, work.Token));
        for (int id = 0; id < 3000; id++) store.Add(new Row(id, id, 100));
        TupleStoreReader<Row> reader = store.CreateReader();
        int count = 0;
        while (reader.TryRead(out Row row)) Assert.Equal(new Row(count, count++, 100), row);
        while (reader.TryReadBack(out Row row)) Assert.Equal(new Row(--count, count, 100), row);
        Assert.Equal(0, count);
        store.Dispose();
    }

    // One writer and one reader: what each gets is the same every time.
    private static void WriteAndShare(FaultyWork work)
    {
        RowCodec codec = new() { BeforeEncode = work.UserCode, BeforeDecode = work.UserCode };
        SharedTupleStore<Row> store = work.Make(
            new SharedTupleStore<Row>(work.Owner, codec, new SharedTupleStoreOptions { MemoryBytes = 16 << 10, BlockBytes = 8192 }));
        SharedTupleWriter<Row> writer = work.Make(store.CreateWriter(work.Context, work.Token));
        for (int id = 0; id < 3000; id++) writer.Add(new Row(id, id, 100));
        writer.Add(new Row(3000, 3000, 50_000));
        writer.Finish();
        SharedTupleReader<Row> reader = work.Make(store.CreateReader(work.Context, work.Token));
        long sum = 0;
        while (reader.TryRead(out Row row))
        {
            Assert.True(row.IsWhole);
            sum += row.Id;
        }

        Assert.Equal(3000L * 3001 / 2, sum);
        reader.Dispose();
        store.Dispose();
    }
}
