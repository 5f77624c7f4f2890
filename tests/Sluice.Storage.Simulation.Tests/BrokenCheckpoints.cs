namespace Sluice.Storage.Simulation.Tests;

/// <summary>Checkpointers with the mistakes that real ones make.</summary>
internal static class BrokenCheckpoints
{
    /// <summary>Leaves one of the files out that have to be synced.</summary>
    internal sealed class ForgetsOneSync : CheckpointScenario
    {
        private protected override async Task MakeCheckpointAsync()
        {
            foreach (Relation relation in OpenRelations()) await Session.FlushAsync(relation.Key);
            foreach (Relation relation in OpenRelations().Take(1)) Storage.SyncRequests.Forget(new SyncTag(relation.Id, RelationFork.Main, 0));
            await base.MakeCheckpointAsync();
        }
    }

    /// <summary>Takes a page for clean though its write has failed, and goes on.</summary>
    internal sealed class CleansAfterAFailedWrite : CheckpointScenario
    {
        public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None.With(FaultKind.TransientError, 0.1).With(FaultKind.NoSpace, 0.1);

        private protected override async Task MakeCheckpointAsync()
        {
            for (int attempt = 0; attempt < 50; attempt++)
            {
                try
                {
                    await base.MakeCheckpointAsync();
                    return;
                }
                catch (AioException) when (!Storage.SyncRequests.IsPoisoned)
                {
                    const ulong Marks = BufferState.Dirty | BufferState.CheckpointNeeded;
                    for (int index = 0; index < Pool.BufferCount; index++)
                    {
                        if ((Pool.Frames.ReadState(index) & BufferState.IoError) != 0) Pool.Frames.ChangeFlags(index, 0, Marks);
                    }
                }
            }
        }
    }

    /// <summary>Syncs again after a sync that failed, and believes the second answer.</summary>
    internal sealed class RetriesAFailedSync : CheckpointScenario
    {
        public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None.With(FaultKind.FlushFailure, 0.3);

        private protected override async Task MakeCheckpointAsync()
        {
            foreach (Relation relation in OpenRelations())
            {
                await Session.FlushAsync(relation.Key);
                uint blocks = await relation.GetBlockCountAsync(RelationFork.Main);
                for (uint segment = 0; segment * Storage.SegmentBlocks < Math.Max(1, blocks); segment++) await SyncUntilItWorksAsync(relation, segment);
                Storage.System.FileSystem.SyncDirectory($"{Storage.DataDirectory}/base/5");
                Storage.System.FileSystem.SyncDirectory($"{Storage.DataDirectory}/base");
            }
        }

        private async Task SyncUntilItWorksAsync(Relation relation, uint segment)
        {
            string path = $"{Storage.DataDirectory}/{relation.PathOf()}{(segment == 0 ? "" : $".{segment}")}";
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    // A file of its own each time, because one that failed would say so for ever.
                    await using AioFile file = await AioFile.OpenAsync(Storage.System, path, new IoOpenOptions { Access = IoAccess.ReadWrite });
                    await file.FlushAsync();
                    return;
                }
                catch (AioException failure) when (failure.Result.IsFlushFailure && !failure.Result.IsOutcomeUnknown && attempt < 20)
                {
                    // "Once more."
                }
            }
        }
    }
}
