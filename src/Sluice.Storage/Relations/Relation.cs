using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// One relation: its forks, each a row of segment files. Starts reads and writes of its blocks on handles of the caller; everything
/// that is not an I/O (making, lengths, cutting off, removing) is asynchronous. Any thread.
/// </summary>
/// <remarks>
/// <para>An I/O never crosses a segment: ask <see cref="MaxCombine"/> first; one that would is refused. Neighbouring pages are one
/// vector for the system.</para>
/// <para><see cref="StartRead"/>, <see cref="StartWrite"/> and <see cref="StartExtend"/> do not block when the segment's file is open
/// (<see cref="IsSegmentOpen"/>); opening it does, because no system opens files asynchronously. A flow that must not block awaits
/// <see cref="OpenSegmentAsync"/> first: when the file is closed again in between, which takes a cache full of files used more
/// recently, the start opens it and blocks for that.</para>
/// </remarks>
public sealed partial class Relation
{
    private readonly RelationForkFiles[] _forks;
    private readonly uint _segmentBlocks;
    private readonly int _combineMax;

    internal Relation(StorageManager storage, RelationKey key)
    {
        Storage = storage;
        Key = key;
        _segmentBlocks = storage.SegmentBlocks;
        _combineMax = Math.Min(StorageLimits.CombineBlocksMax, storage.System.Options.VectorsPerHandle);
        _forks = new RelationForkFiles[4];
        for (int fork = 0; fork < _forks.Length; fork++) _forks[fork] = new RelationForkFiles(this, (RelationFork)fork);
    }

    /// <summary>The storage manager it belongs to.</summary>
    public StorageManager Storage { get; }

    /// <summary>Which relation it is.</summary>
    public RelationKey Key { get; }

    /// <summary>Its files, without the session of a temporary one.</summary>
    public RelationId Id => Key.Id;

    /// <summary>Whether it is temporary: never synced.</summary>
    public bool IsTemporary => Key.IsTemporary;

    /// <summary>The name of a fork for people and messages, relative to the data directory: <c>base/5/16384</c>.</summary>
    /// <param name="fork">The fork.</param>
    public string PathOf(RelationFork fork = RelationFork.Main) => RelationPaths.PathOf(Key, fork, 0, TablespaceFolder);

    /// <inheritdoc/>
    public override string ToString() => RelationPaths.PathOf(Key, RelationFork.Main, 0, Storage.TablespaceFolderOrGuess);

    /// <summary>
    /// How many blocks from one on a single I/O can have: to the end of the segment, and no more than a handle has vectors for.
    /// </summary>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <returns>At least 1.</returns>
    public int MaxCombine(RelationFork fork, uint block)
    {
        _ = fork;
        return (int)Math.Min((uint)_combineMax, _segmentBlocks - (block % _segmentBlocks));
    }

    /// <summary>
    /// Starts a read of neighbouring blocks. Its result counts whole blocks (<see cref="RelationRead"/>).
    /// </summary>
    /// <param name="handle">A handle that was acquired; the caller's callbacks are on it already.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="pages">Where to, in order: pieces of whole pages, which stay where they are until the I/O has completed.</param>
    /// <exception cref="AioException">The segment's file cannot be opened. The handle stays handed out.</exception>
    /// <exception cref="ArgumentException">The I/O would cross a segment, or a piece is not of whole pages. The handle stays
    /// handed out.</exception>
    public void StartRead(AioHandle handle, RelationFork fork, uint block, ReadOnlySpan<IoVector> pages)
    {
        ArgumentNullException.ThrowIfNull(handle);
        uint count = CountBlocks(block, pages);
        RelationSegment segment = SegmentOf(fork, block);
        int stripe = handle.Context.Id;
        IoFile file = segment.File.Hold(stripe);
        try
        {
            SetMerged(handle, pages);
            handle.RegisterCallback(RelationRead.Id);
            TargetOf(fork, segment, block, count).StartRead(handle, file, OffsetOf(block));
        }
        finally
        {
            file.ReleaseHold(stripe);
        }
    }

    /// <summary>
    /// Starts a write of neighbouring blocks that exist. Its result counts whole blocks (<see cref="RelationWrite"/>). When it has
    /// completed the segment is among those to be synced, unless the relation is temporary.
    /// </summary>
    /// <param name="handle">A handle that was acquired; the caller's callbacks are on it already.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="pages">What, in order: pieces of whole pages, which stay as they are until the I/O has completed.</param>
    /// <param name="skipSync">Whether the caller syncs the fork itself.</param>
    /// <exception cref="AioException">The segment's file cannot be opened. The handle stays handed out.</exception>
    /// <exception cref="ArgumentException">The I/O would cross a segment, or a piece is not of whole pages. The handle stays
    /// handed out.</exception>
    public void StartWrite(AioHandle handle, RelationFork fork, uint block, ReadOnlySpan<IoVector> pages, bool skipSync = false) =>
        StartWriteCore(handle, fork, block, pages, skipSync, extends: false);

    /// <summary>
    /// As <see cref="StartWrite"/>, for blocks at the end: the segment is made
    /// if it begins with them, and the fork's length counts them when they are written. The caller has the right to extend
    /// (<see cref="LockExtensionAsync"/>).
    /// </summary>
    /// <param name="handle">A handle that was acquired; the caller's callbacks are on it already.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="pages">What, in order: pieces of whole pages.</param>
    /// <param name="skipSync">Whether the caller syncs the fork itself.</param>
    /// <exception cref="AioException">The segment's file cannot be opened or made. The handle stays handed out.</exception>
    /// <exception cref="ArgumentException">The I/O would cross a segment, or a piece is not of whole pages. The handle stays
    /// handed out.</exception>
    public void StartExtend(AioHandle handle, RelationFork fork, uint block, ReadOnlySpan<IoVector> pages, bool skipSync = false) =>
        StartWriteCore(handle, fork, block, pages, skipSync, extends: true);

    /// <summary>
    /// Asks the system to begin writing back a range of blocks. A hint; nothing is durable by it. Never opens a file for it.
    /// </summary>
    /// <param name="handle">A handle that was acquired.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="count">How many; within one segment.</param>
    /// <returns>False when there is nothing to do (the file is not open, or direct): the handle stays handed out.</returns>
    /// <exception cref="ArgumentException">The range crosses a segment.</exception>
    public bool StartWriteBack(AioHandle handle, RelationFork fork, uint block, uint count)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (count == 0) return false;
        RequireOneSegment(block, count);
        RelationSegment? segment = _forks[(int)fork].FindSegment(block / _segmentBlocks);
        int stripe = handle.Context.Id;
        if (segment is null || Storage.Options.Direct || !segment.File.TryHold(stripe, out IoFile? file)) return false;
        try
        {
            TargetOf(fork, segment, block, count).StartFlushRange(handle, file, OffsetOf(block), (long)count * StorageLimits.PageBytes);
            return true;
        }
        finally
        {
            file.ReleaseHold(stripe);
        }
    }

    /// <summary>Whether the file that has a block is open, so that a start does not block; may be stale when read.</summary>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block.</param>
    public bool IsSegmentOpen(RelationFork fork, uint block) => _forks[(int)fork].FindSegment(block / _segmentBlocks)?.File.IsOpen == true;

    /// <summary>Opens the file that has a block, if it is not open.</summary>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">When awaited: it cannot be opened.</exception>
    public ValueTask OpenSegmentAsync(RelationFork fork, uint block, CancellationToken cancellationToken = default)
    {
        return IsSegmentOpen(fork, block) ? ValueTask.CompletedTask : new ValueTask(OpenAsync(SegmentOf(fork, block), cancellationToken));
    }

    // Apart from its caller, whose usual way would pay for what this captures.
    private Task OpenAsync(RelationSegment segment, CancellationToken cancellationToken) =>
        BlockingWork.RunAsync(Storage.System, () => segment.File.Hold(0).ReleaseHold(0), cancellationToken);

    internal RelationSegment MakeSegment(RelationFork fork, uint segment)
    {
        string path = AbsolutePathOf(fork, segment);
        CachedFile file = Storage.Files.Register(path, new IoOpenOptions { Access = IoAccess.ReadWrite, Direct = Storage.Options.Direct });
        return new RelationSegment(file, new SyncTag(Id, fork, segment));
    }

    internal RelationSegment Segment(RelationFork fork, uint segment) => _forks[(int)fork].Segment(segment);

    internal IoFile OpenApart(RelationFork fork, uint segment, IoFileSystem fileSystem) =>
        Segment(fork, segment).File.OpenApart(fileSystem);

    internal void RaiseBlockCount(RelationFork fork, uint count) => _forks[(int)fork].RaiseBlockCount(count);

    internal void RegisterSync(RelationFork fork, uint segment) => Storage.SyncRequests.Register(Segment(fork, segment));

    internal string AbsolutePathOf(RelationFork fork, uint segment) =>
        $"{Storage.DataDirectory}/{RelationPaths.PathOf(Key, fork, segment, TablespaceFolder)}";

    private string TablespaceFolder => Storage.TablespaceFolderFor(Id);

    private void StartWriteCore(AioHandle handle, RelationFork fork, uint block, ReadOnlySpan<IoVector> pages, bool skipSync, bool extends)
    {
        ArgumentNullException.ThrowIfNull(handle);
        uint count = CountBlocks(block, pages);
        RelationSegment segment = SegmentOf(fork, block);
        int stripe = handle.Context.Id;
        IoFile file = extends ? HoldForExtension(segment, stripe) : segment.File.Hold(stripe);
        try
        {
            SetMerged(handle, pages);
            handle.RegisterCallback(RelationWrite.Id, ConsequencesOf(skipSync, extends));
            TargetOf(fork, segment, block, count).StartWrite(handle, file, OffsetOf(block));
        }
        finally
        {
            file.ReleaseHold(stripe);
        }
    }

    private byte ConsequencesOf(bool skipSync, bool extends)
    {
        byte consequences = skipSync || IsTemporary || !Storage.Options.Sync ? (byte)0 : RelationWrite.NeedsSync;
        return extends ? (byte)(consequences | RelationWrite.Extends) : consequences;
    }

    private RelationTarget TargetOf(RelationFork fork, RelationSegment segment, uint block, uint count) =>
        new(Storage.Id, Key, fork, segment.Tag.Segment, block, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RelationSegment SegmentOf(RelationFork fork, uint block) => _forks[(int)fork].Segment(block / _segmentBlocks);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long OffsetOf(uint block) => (long)(block % _segmentBlocks) * StorageLimits.PageBytes;

    private uint CountBlocks(uint block, ReadOnlySpan<IoVector> pages)
    {
        nuint bytes = 0;
        foreach (ref readonly IoVector piece in pages)
        {
            if (piece.LengthBytes == 0 || piece.LengthBytes % StorageLimits.PageBytes != 0) RefusePiece(piece);
            bytes += piece.LengthBytes;
        }

        if (bytes == 0) throw new ArgumentException("An I/O on a relation needs at least one page.", nameof(pages));
        uint count = checked((uint)(bytes / StorageLimits.PageBytes));
        RequireOneSegment(block, count);
        return count;
    }

    private void RequireOneSegment(uint block, uint count)
    {
        if (count > _segmentBlocks - (block % _segmentBlocks)) RefuseCrossing(block, count);
    }

    /// <summary>Hands the pieces over, those that follow each other in memory as one.</summary>
    [SkipLocalsInit]
    private static void SetMerged(AioHandle handle, ReadOnlySpan<IoVector> pages)
    {
        if (pages.Length == 1)
        {
            handle.SetVector(pages[0]);
            return;
        }

        if (pages.Length > Limits.VectorsMax)
        {
            throw new ArgumentException($"One I/O has at most {Limits.VectorsMax} pieces; this one has {pages.Length}.", nameof(pages));
        }

        Span<IoVector> merged = stackalloc IoVector[Limits.VectorsMax];
        merged[0] = pages[0];
        int last = 0;
        foreach (ref readonly IoVector piece in pages[1..])
        {
            ref IoVector before = ref merged[last];
            if (before.Address + (nint)before.LengthBytes == piece.Address)
            {
                before = new IoVector(before.Address, before.LengthBytes + piece.LengthBytes);
            }
            else merged[++last] = piece;
        }

        handle.SetVectors(merged[..(last + 1)]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefusePiece(IoVector piece) =>
        throw new ArgumentException(
            $"A piece of {piece.LengthBytes} bytes is not of whole pages: each piece is a multiple of {StorageLimits.PageBytes} bytes.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RefuseCrossing(uint block, uint count) =>
        throw new ArgumentException(
            $"An I/O on {count} blocks from block {block} of {this} would cross the end of its segment: ask MaxCombine first.");
}
