// Meters are found by name in the whole process, so the systems of two tests must not be alive at once.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
