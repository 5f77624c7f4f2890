namespace Sluice.TempFiles;

/// <summary>
/// Takes a group that is complete, in the flow that finishes the aggregate. Must not use the aggregate. What it throws ends it.
/// </summary>
/// <typeparam name="TKey">What the records of the group have in common.</typeparam>
/// <typeparam name="TState">What was kept of them.</typeparam>
/// <param name="key">The key.</param>
/// <param name="state">The state.</param>
public delegate void GroupConsumer<TKey, TState>(in TKey key, in TState state)
    where TKey : allows ref struct;
