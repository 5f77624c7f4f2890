using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>Making, counting, lengthening, cutting off, removing and syncing a relation's files.</summary>
public sealed partial class Relation
{
    private volatile bool _refusesAllocation;

    /// <summary>Whether a fork has files.</summary>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    public ValueTask<bool> ExistsAsync(RelationFork fork, CancellationToken cancellationToken = default)
    {
        if (IsSegmentOpen(fork, 0)) return new ValueTask<bool>(true);
        string path = AbsolutePathOf(fork, 0);
        return new ValueTask<bool>(BlockingWork.RunAsync(Storage.System, () => Storage.System.FileSystem.Exists(path), cancellationToken));
    }

    /// <summary>
    /// Makes a fork, empty; its folder too if need be. The name lasts from the next checkpoint on, or from
    /// <see cref="SyncAsync"/>.
    /// </summary>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">When awaited: it exists already, or cannot be made.</exception>
    public async ValueTask CreateAsync(RelationFork fork, CancellationToken cancellationToken = default)
    {
        await BlockingWork.RunAsync(Storage.System, () => Create(fork), cancellationToken);
        _forks[(int)fork].SetBlockCount(0);
        NoteNewSegment(Segment(fork, 0));
    }

    /// <summary>How many blocks a fork has. Counted in the files once, known from then on.</summary>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">When awaited: there are no files, or they cannot be looked at.</exception>
    /// <exception cref="StorageException">When awaited: a segment is longer than segments are.</exception>
    public ValueTask<uint> GetBlockCountAsync(RelationFork fork, CancellationToken cancellationToken = default)
    {
        RelationForkFiles files = _forks[(int)fork];
        return files.TryGetBlockCount(out uint count)
            ? new ValueTask<uint>(count)
            : new ValueTask<uint>(CountBlocksAsync(files, fork, cancellationToken));
    }

    /// <summary>How many blocks a fork has. Blocks when they have to be counted.</summary>
    /// <param name="fork">The fork.</param>
    /// <exception cref="AioException">There are no files, or they cannot be looked at.</exception>
    /// <exception cref="StorageException">A segment is longer than segments are.</exception>
    public uint GetBlockCount(RelationFork fork)
    {
        RelationForkFiles files = _forks[(int)fork];
        return files.TryGetBlockCount(out uint count) ? count : files.NoteCounted(CountBlocks(fork));
    }

    /// <summary>Forgets how many blocks a fork has: somebody else changed its files.</summary>
    /// <param name="fork">The fork.</param>
    public void ForgetBlockCount(RelationFork fork) => _forks[(int)fork].ForgetBlockCount();

    /// <summary>
    /// The right to make a fork longer: one flow at a time has it. Held from asking for the length until the blocks are there.
    /// </summary>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Disposing it gives the right to the next.</returns>
    public async ValueTask<RelationExtension> LockExtensionAsync(RelationFork fork, CancellationToken cancellationToken = default)
    {
        SemaphoreSlim extension = _forks[(int)fork].Extension;
        await extension.WaitAsync(cancellationToken);
        return new RelationExtension(extension);
    }

    /// <summary>
    /// Writes pages after the end of a fork. The caller has the right to extend (<see cref="LockExtensionAsync"/>); the pages stay as they
    /// are until this completes.
    /// </summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block; the fork's length, usually.</param>
    /// <param name="pages">The pages, one after the other in memory; within one segment.</param>
    /// <param name="skipSync">Whether the caller syncs the fork itself.</param>
    /// <exception cref="AioException">When awaited: not all could be written, for lack of space say. What was written counts.</exception>
    public async ValueTask ExtendAsync(AioContext context, RelationFork fork, uint block, IoVector pages, bool skipSync = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        AioReturn place = new();
        while (pages.LengthBytes != 0)
        {
            WaitReference reference =
                ContextIo.Start(context, place, (Relation: this, fork, block, pages, skipSync), static (handle, state) =>
                state.Relation.StartExtend(handle, state.fork, state.block, [state.pages], state.skipSync));
            await context.WaitAsync(reference);
            place.ThrowIfFailed();
            uint written = (uint)place.Result.Value;
            nuint bytes = written * (nuint)StorageLimits.PageBytes;
            block += written;
            pages = new IoVector(pages.Address + (nint)bytes, pages.LengthBytes - bytes);
        }
    }

    /// <summary>
    /// Makes a fork longer by pages of zeros: reserves their space where the file system can and it is more than a few
    /// (<see cref="StorageOptions.AllocateAboveBlocks"/>), and writes zeros otherwise. Crosses segments. The caller has the right
    /// to extend.
    /// </summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="firstBlock">The first new block.</param>
    /// <param name="count">How many.</param>
    /// <param name="skipSync">Whether the caller syncs the fork itself.</param>
    /// <exception cref="AioException">When awaited: there is no space for all of it, say. The blocks before the failed ones
    /// count.</exception>
    public async ValueTask ZeroExtendAsync(AioContext context, RelationFork fork, uint firstBlock, uint count, bool skipSync = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        RelationForkFiles files = _forks[(int)fork];
        ZeroWrites writes = files.TakeZeroWrites();
        try
        {
            while (count > 0)
            {
                uint run = Math.Min(count, _segmentBlocks - (firstBlock % _segmentBlocks));
                int threshold = Storage.Options.AllocateAboveBlocks;
                bool allocated = threshold >= 0 && run > threshold && !_refusesAllocation
                    && await TryAllocateAsync(context, writes.Place, fork, firstBlock, run, skipSync);
                if (!allocated) await WriteZerosAsync(context, writes, fork, firstBlock, run, skipSync);
                firstBlock += run;
                count -= run;
            }
        }
        finally
        {
            if (writes.IsEmpty) files.GiveZeroWrites(writes);
        }
    }

    /// <summary>Syncs a fork now: all its segments, in flight together. What was written before is durable when this completes.</summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Checked between the segments.</param>
    /// <exception cref="AioException">When awaited: a segment could not be made durable. The file is poisoned.</exception>
    public async ValueTask SyncAsync(AioContext context, RelationFork fork, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        List<RelationSegment> segments = await BlockingWork.RunAsync(Storage.System, () => ExistingSegments(fork), cancellationToken);
        await Storage.SyncRequests.SyncNowAsync(context, segments, cancellationToken);
    }

    /// <summary>
    /// Cuts a fork off. Segments that lie wholly behind the new end shrink to nothing and keep their names, because others may have
    /// them open. Nobody may have I/O in flight on the blocks that go.
    /// </summary>
    /// <param name="fork">The fork.</param>
    /// <param name="blocks">The new length; not more than the present.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">When awaited: a file could not be cut off.</exception>
    /// <exception cref="StorageException">When awaited: the fork is shorter than that.</exception>
    public async ValueTask TruncateAsync(RelationFork fork, uint blocks, CancellationToken cancellationToken = default)
    {
        RelationForkFiles files = _forks[(int)fork];
        uint present = await GetBlockCountAsync(fork, cancellationToken);
        if (blocks > present) throw new StorageException($"Cannot truncate {PathOf(fork)} to {blocks} blocks: it has only {present}.");
        try
        {
            await BlockingWork.RunAsync(Storage.System, () => Truncate(fork, blocks), cancellationToken);
        }
        catch
        {
            // Some segments may be cut off: the files tell how long it is now. Going on behind the old end would leave a gap.
            files.ForgetBlockCount();
            throw;
        }

        files.SetBlockCount(blocks);
    }

    /// <summary>
    /// Removes a fork. Of a main fork that is not temporary the first segment is emptied now and removed after the next checkpoint, so
    /// that its number is not used again while the log may still speak of it; everything else is emptied, its syncs forgotten, and
    /// removed at once. A fork that does not exist is removed already. Nobody may use the fork any more.
    /// </summary>
    /// <param name="fork">The fork.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">When awaited: a file could not be emptied or removed.</exception>
    public async ValueTask UnlinkAsync(RelationFork fork, CancellationToken cancellationToken = default)
    {
        await BlockingWork.RunAsync(Storage.System, () => Unlink(fork), cancellationToken);
        _forks[(int)fork].ForgetBlockCount();
        if (fork == RelationFork.Main) Storage.Forget(this);
    }

    /// <summary>The files of a fork were removed after a checkpoint: whoever looked at it meanwhile has them open, and knows their
    /// length.</summary>
    internal void NoteRemoved(RelationFork fork)
    {
        _forks[(int)fork].Close();
        _forks[(int)fork].ForgetBlockCount();
    }

    private void Create(RelationFork fork)
    {
        IoFileSystem fileSystem = Storage.System.FileSystem;
        string path = AbsolutePathOf(fork, 0);
        string folder = fileSystem.DirectoryOf(path);
        if (!fileSystem.Exists(folder))
        {
            // Every folder that is made is a name in the one it stands in.
            List<string> parents = [];
            for (string missing = folder; !fileSystem.Exists(missing); missing = parents[^1]) parents.Add(fileSystem.DirectoryOf(missing));
            fileSystem.CreateDirectory(folder);
            if (!IsTemporary) parents.ForEach(Storage.SyncRequests.RegisterDirectory);
        }

        fileSystem.Open(path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }).Dispose();

        // A file that had the name before may be open still: a sync that was under way when it was removed, or a look at a relation whose
        // name waited for the checkpoint, opened it. What is written to it would be nowhere.
        _forks[(int)fork].Close();
    }

    // Apart from its caller, whose usual way would pay for what this captures.
    private Task<uint> CountBlocksAsync(RelationForkFiles files, RelationFork fork, CancellationToken cancellationToken) =>
        BlockingWork.RunAsync(Storage.System, () => files.NoteCounted(CountBlocks(fork)), cancellationToken);

    private uint CountBlocks(RelationFork fork)
    {
        for (uint segment = 0; ; segment++)
        {
            if (segment > 0 && !Storage.System.FileSystem.Exists(AbsolutePathOf(fork, segment))) return segment * _segmentBlocks;
            uint blocks = CountSegment(Segment(fork, segment));
            if (blocks < _segmentBlocks) return checked((segment * _segmentBlocks) + blocks);
        }
    }

    private uint CountSegment(RelationSegment segment)
    {
        IoFile file = segment.File.Hold(0);
        try
        {
            // A block that was begun and not finished is none.
            long blocks = file.GetLength() / StorageLimits.PageBytes;
            if (blocks > _segmentBlocks)
            {
                throw new StorageException(
                    $"{segment.File.Path} has {blocks} blocks, but segments here have {_segmentBlocks} at most: "
                        + "set StorageOptions.SegmentBlocks to what the data directory was made with.");
            }

            return (uint)blocks;
        }
        finally
        {
            file.ReleaseHold(0);
        }
    }

    private List<RelationSegment> ExistingSegments(RelationFork fork)
    {
        List<RelationSegment> segments = [Segment(fork, 0)];
        for (uint segment = 1; Storage.System.FileSystem.Exists(AbsolutePathOf(fork, segment)); segment++) segments.Add(
            Segment(fork, segment));
        return segments;
    }

    private void Truncate(RelationFork fork, uint blocks)
    {
        // From the end, so that a fork that was cut off half is one with full segments before its last.
        List<RelationSegment> segments = ExistingSegments(fork);
        for (int index = segments.Count - 1; index >= 0; index--)
        {
            long first = index * (long)_segmentBlocks;
            if (first + _segmentBlocks <= blocks) return;
            SetLength(segments[index], Math.Max(0, blocks - first) * StorageLimits.PageBytes);
            if (!IsTemporary && Storage.Options.Sync) Storage.SyncRequests.Register(segments[index]);
        }
    }

    private void Unlink(RelationFork fork)
    {
        IoFileSystem fileSystem = Storage.System.FileSystem;
        if (!fileSystem.Exists(AbsolutePathOf(fork, 0))) return;
        List<RelationSegment> segments = ExistingSegments(fork);
        for (int index = segments.Count - 1; index >= 0; index--)
        {
            RelationSegment segment = segments[index];
            bool waits = index == 0 && fork == RelationFork.Main && !IsTemporary;
            if (!IsTemporary) SetLength(segment, 0);
            if (!IsTemporary && !waits) Storage.SyncRequests.Forget(segment.Tag);
            segment.File.Close();
            if (waits) Storage.SyncRequests.UnlinkAfterCheckpoint(segment.Tag);
            else fileSystem.Remove(segment.File.Path);

            // A sync that was under way may have opened it again meanwhile.
            segment.File.CloseOpened();
        }
    }

    private static void SetLength(RelationSegment segment, long lengthBytes)
    {
        IoFile file = segment.File.Hold(0);
        try
        {
            if (file.GetLength() > lengthBytes) file.SetLength(lengthBytes);
        }
        finally
        {
            file.ReleaseHold(0);
        }
    }

    private async ValueTask<bool> TryAllocateAsync(
        AioContext context, AioReturn place, RelationFork fork, uint block, uint count, bool skipSync)
    {
        await OpenForExtensionAsync(fork, block);
        WaitReference? reference = StartAllocate(context, place, fork, block, count, skipSync);
        if (reference is null) return false;
        await context.WaitAsync(reference.Value);
        if (place.Result.Errno is Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS)
        {
            _refusesAllocation = true;
            return false;
        }

        place.ThrowIfFailed();
        return true;
    }

    private WaitReference? StartAllocate(AioContext context, AioReturn place, RelationFork fork, uint block, uint count, bool skipSync)
    {
        RelationSegment segment = SegmentOf(fork, block);
        IoFile file = HoldForExtension(segment, context.Id);
        try
        {
            if (!file.Capabilities.CanAllocate) return null;
            return ContextIo.Start(context, place, (Relation: this, segment, fork, block, count, skipSync, file), static (handle, state) =>
            {
                handle.RegisterCallback(RelationWrite.Id, state.Relation.ConsequencesOf(state.skipSync, extends: true));
                state.Relation.TargetOf(state.fork, state.segment, state.block, state.count)
                    .StartAllocate(handle, state.file, state.Relation.OffsetOf(state.block), (long)state.count * StorageLimits.PageBytes);
            });
        }
        finally
        {
            file.ReleaseHold(context.Id);
        }
    }

    // Several in flight, all within one segment.
    private async ValueTask WriteZerosAsync(
        AioContext context, ZeroWrites writes, RelationFork fork, uint block, uint count, bool skipSync)
    {
        await OpenForExtensionAsync(fork, block);
        uint next = block;
        uint end = block + count;
        uint failedAt = end;
        Exception? failure = null;
        while (true)
        {
            while (failure is null && next < end && !writes.IsFull(context))
            {
                uint run = Math.Min(end - next, (uint)MaxCombine(fork, next));
                failure = TryStartZeros(context, writes, fork, next, run, skipSync);
                if (failure is null) next += run;
                else failedAt = Math.Min(failedAt, next);
            }

            if (writes.IsEmpty) break;
            await context.WaitAsync(writes.Oldest);
            (uint first, uint wanted, AioReturn place) = writes.Take();
            AioResult result = place.Result;
            uint written = result.Status == AioStatus.Error ? 0 : (uint)result.Value;
            if (written == wanted) continue;

            // What a short write left is written before anything new is.
            Exception? reason = result.Status == AioStatus.Error
                ? place.ToException()
                : TryStartZeros(context, writes, fork, first + written, wanted - written, skipSync);
            if (reason is null) continue;
            failure ??= reason;
            failedAt = Math.Min(failedAt, first + written);
        }

        if (failure is null) return;

        // Behind the gap there may be blocks: nobody knows of them yet.
        if (next > failedAt) await CutOffAsync(fork, failedAt);
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private Exception? TryStartZeros(AioContext context, ZeroWrites writes, RelationFork fork, uint block, uint count, bool skipSync)
    {
        try
        {
            writes.Start(context, this, fork, block, count, skipSync);
            return null;
        }
        catch (Exception exception)
        {
            // What is in flight has to end before anybody hears of it.
            return exception;
        }
    }

    private async ValueTask CutOffAsync(RelationFork fork, uint block)
    {
        RelationSegment segment = SegmentOf(fork, block);
        RelationForkFiles files = _forks[(int)fork];
        try
        {
            await BlockingWork.RunAsync(Storage.System, () => SetLength(segment, OffsetOf(block)));
            files.LowerBlockCount(block);
        }
        catch (AioException)
        {
            // The first failure is the one to tell. The file stays longer, with zeros where nothing was written: it says so itself.
            files.ForgetBlockCount();
        }
    }

    private Task OpenForExtensionAsync(RelationFork fork, uint block) =>
        IsSegmentOpen(fork, block) ? Task.CompletedTask : OpenForExtensionAsync(SegmentOf(fork, block));

    private Task OpenForExtensionAsync(RelationSegment segment) =>
        BlockingWork.RunAsync(Storage.System, () => HoldForExtension(segment, 0).ReleaseHold(0));

    /// <summary>Holds a segment that may have to be made: all but the first are, by whoever writes their first block.</summary>
    private IoFile HoldForExtension(RelationSegment segment, int stripe)
    {
        if (segment.File.TryHold(stripe, out IoFile? file)) return file;
        if (segment.Tag.Segment == 0 || Storage.System.FileSystem.Exists(segment.File.Path)) return segment.File.Hold(stripe);
        file = segment.File.Hold(stripe, create: true);
        NoteNewSegment(segment);
        return file;
    }

    private void NoteNewSegment(RelationSegment segment)
    {
        if (IsTemporary || !Storage.Options.Sync) return;
        Storage.SyncRequests.Register(segment);
        Storage.SyncRequests.RegisterDirectory(Storage.System.FileSystem.DirectoryOf(segment.File.Path));
    }
}
