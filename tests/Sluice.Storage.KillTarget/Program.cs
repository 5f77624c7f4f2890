using System.Globalization;
using Sluice;
using Sluice.Storage;
using Sluice.Storage.KillTarget;

// Arguments: data directory, method, first round. Says when each checkpoint begins (+round) and when its round is durable (round), one line
// each, until it is killed.
(string directory, string method, uint first) = (args[0], args[1], uint.Parse(args[2], CultureInfo.InvariantCulture));
using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = method, HandlesPerContext = 32 });
using StorageManager storage = new(system, directory, new StorageOptions { SegmentBlocks = 64 });

// Far smaller than the relation: pages are also written because their buffers are needed.
using BufferPool pool = new(storage, new BufferPoolOptions { BufferCount = 64, CombineMax = 8 });
await using Checkpointer checkpointer = new(pool);
await using BufferSession session = pool.CreateSession("changes");
Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, RoundPages.Relation));
for (uint round = first; ; round++)
{
    for (uint step = 0; step < RoundPages.Blocks; step++)
    {
        uint block = (step * 61) % RoundPages.Blocks;
        if (!RoundPages.Changes(block, round)) continue;
        using BufferPin pin = await session.ReadAsync(relation, RelationFork.Main, block);
        await pin.LockAsync(ContentLockMode.Exclusive);
        RoundPages.Fill(pin.Page, block, round);
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"+{round}"));
    await checkpointer.CheckpointAsync();
    Console.WriteLine(round.ToString(CultureInfo.InvariantCulture));
}
