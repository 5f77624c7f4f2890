namespace Sluice.Storage.Tests.Buffers;

/// <summary>Rings, and checkpoints that go on beside the flows.</summary>
internal sealed partial class PoolModel
{
    // When each block was changed last, by the steps of changing.
    private readonly Dictionary<(uint Number, uint Block), long> _changedAt = [];
    private Checkpointer _checkpointer = null!;
    private Task<CheckpointResult>? _checkpoint;
    private long _changes;
    private long _changesAtBegin;

    private AccessRing? RingFor(int count) => (count % 4) switch
    {
        0 => null,
        1 => AccessRing.ForBulkRead(_pool, 4),
        2 => AccessRing.ForBulkWrite(_pool),
        _ => AccessRing.ForVacuum(_pool),
    };

    private void NoteChange(int relation, uint block) => _changedAt[(_relations[relation].Id.Number, block)] = ++_changes;

    private void BeginCheckpoint()
    {
        _changesAtBegin = _changes;
        _checkpoint = _checkpointer.CheckpointAsync();
    }

    private async Task EndCheckpointAsync()
    {
        Task<CheckpointResult> checkpoint = _checkpoint!;
        _checkpoint = null;
        try
        {
            await checkpoint;
        }
        catch (AioException) when (faulty)
        {
            // What could not be written is dirty still, and the next one finds it.
            return;
        }

        // What is dirty now became so after it had begun.
        foreach (BufferInfo row in _pool.Snapshot())
        {
            if (!row.HasPage || !row.IsDirty) continue;
            long changedAt = _changedAt.GetValueOrDefault((row.Tag.Relation.Number, row.Tag.BlockNumber));
            Expect(
                changedAt > _changesAtBegin,
                $"block {row.Tag.BlockNumber} of relation {row.Tag.Relation.Number} is dirty after the checkpoint, and was before it");
        }
    }
}
