namespace Sluice.Storage.Simulation;

/// <summary>What a checkpoint promises when it has completed: what there was when it began.</summary>
internal sealed class CheckpointPromise
{
    private readonly List<(RelationModel Model, uint[] Versions)> _relations = [];
    private readonly List<RelationModel> _dropped = [];

    /// <summary>Looks at what there is.</summary>
    /// <param name="models">All relations.</param>
    internal CheckpointPromise(IEnumerable<RelationModel> models)
    {
        foreach (RelationModel model in models)
        {
            _relations.Add((model, [.. model.Pages.Select(static page => page.Newest)]));
            if (model.IsDropped) _dropped.Add(model);
        }
    }

    /// <summary>The relations whose names it removes in the end.</summary>
    internal IReadOnlyList<RelationModel> Dropped => _dropped;

    /// <summary>It has completed: all of it holds from here on.</summary>
    internal void Keep()
    {
        foreach ((RelationModel model, uint[] versions) in _relations)
        {
            if (model.IsDropped) continue;
            model.IsDurable = true;
            model.DurableBlocks = Math.Max(model.DurableBlocks, versions.Length);
            for (int block = 0; block < versions.Length; block++) model[(uint)block].Durable = Math.Max(model[(uint)block].Durable, versions[block]);
        }

        foreach (RelationModel model in _dropped) model.MayBeRemoved = true;
    }
}
