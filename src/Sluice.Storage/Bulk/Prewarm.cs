using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// Brings a relation, or a range of its blocks, into memory before somebody needs it: into the pool, or only into the system's cache.
/// </summary>
public static class Prewarm
{
    private const int ReadBlocks = 32;
    private const int ReadsInFlight = 8;

    /// <summary>Reads blocks into the pool, as far as it has room: through no ring, so that they stay like any other pages.</summary>
    /// <param name="session">Whose flow does it.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="firstBlock">The first block.</param>
    /// <param name="count">How many; what lies behind the end is left out. Null for all.</param>
    /// <param name="cancellationToken">Ends it between two pages.</param>
    /// <returns>How many blocks are, or were for a moment, in the pool.</returns>
    /// <exception cref="AioException">When awaited: a read failed.</exception>
    /// <exception cref="StorageException">When awaited: a page is bad.</exception>
    public static async ValueTask<uint> LoadAsync(
        BufferSession session, Relation relation, RelationFork fork = RelationFork.Main, uint firstBlock = 0, uint? count = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(relation);
        uint blocks = await ClampAsync(relation, fork, firstBlock, count, cancellationToken);
        using ReadStream stream =
            new(session, relation, fork, BlockSource.Range(firstBlock, blocks), new ReadStreamOptions { IsFull = true });
        uint loaded = 0;
        await foreach (BufferPin pin in stream)
        {
            pin.Release();
            loaded++;
            cancellationToken.ThrowIfCancellationRequested();
        }

        return loaded;
    }

    /// <summary>
    /// Reads blocks past the pool, so that the system has them in its cache; what was read is looked at by nobody. Several reads are in
    /// flight. Of no use for direct files, which have no cache.
    /// </summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="firstBlock">The first block.</param>
    /// <param name="count">How many; what lies behind the end is left out. Null for all.</param>
    /// <param name="cancellationToken">Ends it between two reads.</param>
    /// <returns>How many blocks were read.</returns>
    /// <exception cref="AioException">When awaited: a read failed.</exception>
    /// <exception cref="StorageException">When awaited: files are direct.</exception>
    public static async ValueTask<uint> ReadIntoSystemCacheAsync(
        AioContext context, Relation relation, RelationFork fork = RelationFork.Main, uint firstBlock = 0, uint? count = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(relation);
        if (relation.Storage.Options.Direct) throw new StorageException(
            $"{relation} cannot be read into the system's cache: its files are opened past it. Load it into the pool.");
        uint blocks = await ClampAsync(relation, fork, firstBlock, count, cancellationToken);
        uint end = firstBlock + blocks;
        int readBlocks = Math.Min(ReadBlocks, relation.MaxCombine(fork, 0));
        using BufferArena arena = context.System.CreateArena(readBlocks * StorageLimits.PageBytes, ReadsInFlight, register: false);
        Read[] reads = new Read[ReadsInFlight];
        for (int index = 0; index < reads.Length; index++) reads[index] = new Read(arena.Rent());
        uint next = firstBlock;
        try
        {
            for (int turn = 0; next < end || Array.Exists(reads, static read => read.IsStarted); turn = (turn + 1) % reads.Length)
            {
                Read read = reads[turn];
                await FinishAsync(context, read);
                read.Place.ThrowIfFailed();
                cancellationToken.ThrowIfCancellationRequested();
                if (next >= end) continue;
                await relation.OpenSegmentAsync(fork, next, cancellationToken);
                uint run = Math.Min(Math.Min(end - next, (uint)readBlocks), (uint)relation.MaxCombine(fork, next));
                Start(context, relation, fork, next, run, read);
                next += run;
            }
        }
        finally
        {
            // The memory goes when the last read has ended, whatever became of it.
            foreach (Read read in reads)
            {
                await FinishAsync(context, read);
                read.Buffer.Return();
            }
        }

        return blocks;
    }

    private static async ValueTask<uint> ClampAsync(
        Relation relation, RelationFork fork, uint firstBlock, uint? count, CancellationToken cancellationToken)
    {
        uint length = await relation.GetBlockCountAsync(fork, cancellationToken);
        return firstBlock >= length ? 0 : Math.Min(count ?? uint.MaxValue, length - firstBlock);
    }

    private static void Start(AioContext context, Relation relation, RelationFork fork, uint block, uint count, Read read)
    {
        AioHandle handle = context.Acquire(read.Place);
        try
        {
            read.Reference = handle.Reference;
            relation.StartRead(handle, fork, block, [new IoVector(read.Buffer.Address, (nuint)(count * StorageLimits.PageBytes))]);
            read.IsStarted = true;
        }
        finally
        {
            if (!read.IsStarted) handle.Release();
        }
    }

    private static async ValueTask FinishAsync(AioContext context, Read read)
    {
        if (!read.IsStarted) return;
        await context.WaitAsync(read.Reference);
        read.IsStarted = false;
    }

    private sealed class Read(AioBuffer buffer)
    {
        internal AioBuffer Buffer { get; } = buffer;

        internal AioReturn Place { get; } = new();

        internal WaitReference Reference { get; set; }

        internal bool IsStarted { get; set; }
    }
}
