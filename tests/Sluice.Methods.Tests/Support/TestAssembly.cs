// One at a time: some tests count the allocations, or the threads, of the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
