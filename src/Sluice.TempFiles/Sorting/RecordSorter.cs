namespace Sluice.TempFiles;

/// <summary>Sorts records; the engine under <see cref="ExternalSorter{T}"/>, behind a class so that the order is code of its own.</summary>
internal abstract unsafe class RecordSorter : IDisposable
{
    /// <summary>Where the next record goes.</summary>
    internal byte* Tail { get; private protected set; }

    /// <summary>How long it may be.</summary>
    internal int Room { get; private protected set; }

    internal long Records { get; private protected set; }

    /// <summary>
    /// How many records went through merges so far, other than the one that gives the result; see <see cref="SortProgress"/>.
    /// </summary>
    internal long RecordsMerged { get; private protected set; }

    /// <summary>How many are to go through them at most, and into a result that is read anywhere. After <see cref="Finish"/>.</summary>
    internal long RecordsToMerge { get; private protected set; }

    internal abstract SortShared Shared { get; }

    /// <summary>Makes more room than there is.</summary>
    internal abstract void MakeRoom();

    /// <summary>Takes the record that was laid down at the tail.</summary>
    internal abstract void Commit(int length);

    /// <summary>Ends the input.</summary>
    /// <returns>The records in order; the caller disposes it before this.</returns>
    internal abstract RecordSource Finish();

    /// <summary>The sorted run, when all of the input is one that never left memory; null otherwise. After <see cref="Finish"/>.</summary>
    internal abstract RecordSource? TryOpenInMemory();

    /// <summary>How many records the run in memory has, and how to get at one of them.</summary>
    internal abstract int InMemoryCount { get; }

    internal abstract ReadOnlySpan<byte> InMemoryRecord(int index);

    /// <summary>The context for reading the result.</summary>
    internal abstract AioContext Context { get; }

    public abstract void Dispose();
}
