// One after the other: the measurements of allocation count the whole process, and two cores are soon busy.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
