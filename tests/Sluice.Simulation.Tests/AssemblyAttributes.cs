// Sweeps use every core themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
