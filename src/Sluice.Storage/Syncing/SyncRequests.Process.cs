namespace Sluice.Storage;

/// <summary>Doing what was asked for.</summary>
public sealed partial class SyncRequests
{
    /// <summary>
    /// Makes durable every file that was asked for before this, all in flight together, and the folders that got new names.
    /// </summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="cancellationToken">Checked before each file is begun; what was not begun stays asked for.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="AioException">When awaited: a file could not be opened or synced; the first of them. Their requests stay,
    /// the others were done.</exception>
    /// <exception cref="StorageException">When awaited: a sync failed earlier, so that nothing can be promised any more.</exception>
    /// <exception cref="InvalidOperationException">When awaited: a pass is running already.</exception>
    public async ValueTask<SyncPass> ProcessAsync(AioContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        RequireSound();
        if (Interlocked.Exchange(ref _isRunning, 1) != 0)
        {
            throw new InvalidOperationException("A pass of syncs is running already: wait for it before the next is begun.");
        }

        try
        {
            SyncEntry[] entries;
            lock (_lock) entries = [.. _pending.Values];
            Pass pass = new(_storage.System.TimeProvider);
            await SyncFilesAsync(context, entries, pass, cancellationToken);
            await SyncFoldersAsync(context, pass, null, cancellationToken);
            return pass.Finish();
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }

    /// <summary>Removes the names that were asked to go before the checkpoint began which has now ended.</summary>
    /// <param name="cancellationToken">Checked between names; what was not removed stays asked for.</param>
    /// <returns>How many names were removed.</returns>
    /// <exception cref="AioException">When awaited: a name could not be removed; the others were. It is tried again after the
    /// next checkpoint.</exception>
    public async ValueTask<int> PostCheckpointAsync(CancellationToken cancellationToken = default)
    {
        UnlinkRequest[] due;
        lock (_lock) due = [.. _unlinks.Where(request => request.Cycle < _checkpointCycle)];
        return due.Length == 0
            ? 0
            : await BlockingWork.RunAsync(_storage.System, () => Unlink(due, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Syncs the segments of a fork now, whether that was asked for or not, and the folders above them that got new names.
    /// </summary>
    internal async ValueTask SyncNowAsync(AioContext context, IReadOnlyList<RelationSegment> segments, CancellationToken cancellationToken)
    {
        RequireSound();
        Pass pass = new(_storage.System.TimeProvider);
        SyncEntry[] entries = [.. segments.Select(static segment => new SyncEntry(segment))];
        await SyncFilesAsync(context, entries, pass, cancellationToken);
        await SyncFoldersAsync(context, pass, segments[0].File.Path, cancellationToken);
        SyncPass done = pass.Finish();
        _storage.CountIo(isTemporary: false, IoContext.Normal, IoAction.Sync, done.FileCount, 0, done.Total);
    }

    private async ValueTask SyncFilesAsync(AioContext context, SyncEntry[] entries, Pass pass, CancellationToken cancellationToken)
    {
        SyncWindow window = new(context, _storage.Files.FilesMax);
        try
        {
            foreach (SyncEntry entry in entries)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (window.IsFull) await FinishAsync(window, pass);
                IoFile? file = await BeginAsync(entry, context.Id, pass);
                if (file is null) continue;
                try
                {
                    window.Start(entry, file, (_storage, entry.Segment.Tag), static (handle, file, state) =>
                        new RelationTarget(state._storage.Id, new RelationKey(state.Tag.Relation), state.Tag.Fork, state.Tag.Segment, 0, 0)
                            .StartFdatasync(handle, file));
                }
                catch
                {
                    End(entry, isDone: false);
                    throw;
                }
            }
        }
        finally
        {
            while (!window.IsEmpty) await FinishAsync(window, pass);
        }
    }

    /// <summary>Opens a file that is to be synced. Null when it was forgotten, or cannot be opened.</summary>
    private async ValueTask<IoFile?> BeginAsync(SyncEntry entry, int stripe, Pass pass)
    {
        for (int failures = 0; ; failures++)
        {
            lock (_lock)
            {
                if (entry.IsCancelled) return null;
                entry.IsInFlight = true;

                // Before the sync begins: see RelationSegment.IsSyncPending.
                entry.Segment.SetSyncPending(false);
            }

            if (entry.Segment.File.TryHold(stripe, out IoFile? open)) return open;
            try
            {
                return await BlockingWork.RunAsync(_storage.System, () => entry.Segment.File.Hold(stripe));
            }
            catch (AioException failure)
            {
                bool isCancelled = End(entry, isDone: false);
                if (isCancelled) return null;

                // No such file, and nobody said that it would go: perhaps both happened since the look at the list. Once.
                if (failure.Errno == Errno.ENOENT && failures == 0) continue;
                pass.Fail(failure);
                return null;
            }
        }
    }

    private async ValueTask FinishAsync(SyncWindow window, Pass pass)
    {
        (SyncEntry? entry, _, AioReturn place, TimeSpan duration) = await window.FinishAsync();
        bool isDone = place.Result.IsComplete;
        bool isCancelled = End(entry!, isDone);
        if (isDone)
        {
            pass.CountFile(duration);
            return;
        }

        if (isCancelled) return;
        AioException failure = place.ToException();
        if (place.Result.IsFlushFailure) Poison(failure.Message);
        pass.Fail(failure);
    }

    /// <summary>A sync is over. Returns whether the file was forgotten meanwhile.</summary>
    private bool End(SyncEntry entry, bool isDone)
    {
        lock (_lock)
        {
            entry.IsInFlight = false;
            bool isWanted = entry.IsAskedAgain || !isDone;
            entry.IsAskedAgain = false;
            if (isWanted || entry.IsCancelled) return entry.IsCancelled;
            SyncTag tag = entry.Segment.Tag;
            if (_pending.TryGetValue(tag, out SyncEntry? listed) && ReferenceEquals(listed, entry)) _pending.Remove(tag);
            return false;
        }
    }

    private async ValueTask SyncFoldersAsync(AioContext context, Pass pass, string? pathOnly, CancellationToken cancellationToken)
    {
        KeyValuePair<string, long>[] folders;
        lock (_lock)
        {
            folders = [.. _folders.Where(folder => pathOnly is null || IsAbove(folder.Key, pathOnly))];
        }

        if (folders.Length == 0) return;
        Array.Sort(folders, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        string[] paths = [.. folders.Select(static folder => folder.Key)];
        await FolderSyncs.RunAsync(context, paths, _storage.Files, Judge, cancellationToken);

        void Judge(int index, AioException? failure, bool isSyncFailure)
        {
            // Removed with everything that was in it: there is no name left to keep.
            bool isGone = failure?.Errno == Errno.ENOENT && !isSyncFailure;
            if (failure is null) pass.CountFolder();
            else if (!isGone)
            {
                // One that could not be opened lost nothing: it stays listed, and this pass has failed.
                if (isSyncFailure) Poison(failure.Message);
                pass.Fail(failure);
                return;
            }

            lock (_lock)
            {
                // Only now: another pass that ends meanwhile must not take the names for durable. One made since keeps its folder listed.
                (string folder, long sequence) = folders[index];
                if (_folders.TryGetValue(folder, out long latest) && latest == sequence) _folders.Remove(folder);
            }
        }
    }

    private static bool IsAbove(string folder, string path) =>
        folder == "/" || (path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal));

    private int Unlink(UnlinkRequest[] due, CancellationToken cancellationToken)
    {
        int removed = 0;
        AioException? first = null;
        try
        {
            foreach (UnlinkRequest request in due)
            {
                cancellationToken.ThrowIfCancellationRequested();
                lock (_lock)
                {
                    if (request.IsOver) continue;
                }

                try
                {
                    _storage.System.FileSystem.Remove(_storage.PathOf(request.Tag));
                    removed++;
                }
                catch (AioException failure) when (failure.Errno == Errno.ENOENT)
                {
                    // Gone already, with its folder say.
                }
                catch (AioException failure)
                {
                    first ??= failure;
                    continue;
                }

                _storage.Find(new RelationKey(request.Tag.Relation))?.NoteRemoved(request.Tag.Fork);
                lock (_lock)
                {
                    if (request.IsOver) continue;
                    request.IsOver = true;
                    _unlinksOver++;
                }
            }
        }
        finally
        {
            // All at once: taking them out one by one would cost the square of their number.
            lock (_lock)
            {
                _unlinks.RemoveAll(static request => request.IsOver);
                _unlinksOver = 0;
            }
        }

        return first is null ? removed : throw first;
    }

    private void Poison(string reason) => Interlocked.CompareExchange(ref _poison, reason, null);

    private void RequireSound()
    {
        if (Volatile.Read(ref _poison) is { } reason)
        {
            throw new StorageException(
                $"Nothing can be made durable in {_storage.DataDirectory} any more, because a sync failed: restart and recover "
                    + $"from the log. It was: {reason}");
        }
    }

    /// <summary>What one pass has done so far, and the first thing that went wrong.</summary>
    private sealed class Pass(TimeProvider clock)
    {
        private readonly long _started = clock.GetTimestamp();
        private int _files;
        private int _folders;
        private TimeSpan _longest;
        private AioException? _failure;

        internal void CountFile(TimeSpan duration)
        {
            _files++;
            if (duration > _longest) _longest = duration;
        }

        internal void CountFolder() => _folders++;

        internal void Fail(AioException failure) => _failure ??= failure;

        internal SyncPass Finish() =>
            _failure is null ? new SyncPass(_files, _folders, _longest, clock.GetElapsedTime(_started)) : throw _failure;
    }
}
