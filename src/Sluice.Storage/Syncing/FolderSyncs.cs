namespace Sluice.Storage;

/// <summary>
/// Makes the names in folders durable, many folders in flight together: each is opened and synced by a handle, where the namespace can open
/// folders, and by its own call, one after the other, where it cannot.
/// </summary>
/// <remarks>
/// A folder that could not be opened is told from one whose sync failed (<see cref="Outcome"/>): the former is tried again some time, and
/// nothing is lost by it; after the latter nobody knows what is durable.
/// </remarks>
internal static class FolderSyncs
{
    /// <summary>Told of each folder, on the calling flow, in the order in which they were given.</summary>
    /// <param name="index">Which.</param>
    /// <param name="failure">What went wrong; null when its names are durable.</param>
    /// <param name="isSyncFailure">Whether it was the sync, and not something before it.</param>
    internal delegate void Outcome(int index, AioException? failure, bool isSyncFailure);

    /// <summary>Syncs.</summary>
    /// <param name="context">The calling flow's context; half of its handles are used at most.</param>
    /// <param name="folders">Which.</param>
    /// <param name="files">Whose files are closed when there is no descriptor left for a folder; null when there are none.</param>
    /// <param name="done">Told of each folder that was begun, also when this is cancelled.</param>
    /// <param name="cancellationToken">Checked before each folder.</param>
    internal static async ValueTask RunAsync(
        AioContext context, IReadOnlyList<string> folders, FileCache? files, Outcome done, CancellationToken cancellationToken)
    {
        SyncWindow window = new(context, files?.FilesMax ?? int.MaxValue);
        Queue<int> begun = new();
        try
        {
            for (int index = 0; index < folders.Count; index++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (window.IsFull) await FinishAsync(window, begun, folders, done);
                string folder = folders[index];
                Opening opening = await BlockingWork.RunAsync(
                    context.System, () => Open(context.System.FileSystem, folder, files), cancellationToken);
                if (opening.File is not { } file)
                {
                    while (!window.IsEmpty) await FinishAsync(window, begun, folders, done);
                    done(index, opening.Failure, opening.IsSyncFailure);
                    continue;
                }

                Start(context, window, file);
                begun.Enqueue(index);
            }
        }
        finally
        {
            while (!window.IsEmpty) await FinishAsync(window, begun, folders, done);
        }
    }

    private static Opening Open(IoFileSystem fileSystem, string folder, FileCache? files)
    {
        while (true)
        {
            bool isSyncing = false;
            try
            {
                IoFile? file = fileSystem.OpenDirectory(folder);
                if (file is not null) return new Opening(file, null, false);
                isSyncing = true;
                fileSystem.SyncDirectory(folder);
                return default;
            }
            catch (AioException failure) when (failure.Errno is Errno.EMFILE or Errno.ENFILE && files?.TryMakeRoom() == true)
            {
                // Others have the descriptors: with one of ours less there is room.
            }
            catch (AioException failure)
            {
                return new Opening(null, failure, isSyncing && !IsOfOpening(failure.Errno));
            }
        }
    }

    // A namespace that does both in one call: with these numbers it did not come to the sync.
    private static bool IsOfOpening(int errno) =>
        errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES or Errno.EPERM or Errno.EMFILE or Errno.ENFILE;

    private static void Start(AioContext context, SyncWindow window, IoFile file)
    {
        // The window releases the hold; the folder is closed by that, because it is disposed already.
        file.TryHold(context.Id);
        try
        {
            window.Start(null, file, GenericFileTarget.For(file), static (handle, file, target) => target.StartFsync(handle, file));
        }
        finally
        {
            file.Dispose();
        }
    }

    private static async ValueTask FinishAsync(SyncWindow window, Queue<int> begun, IReadOnlyList<string> folders, Outcome done)
    {
        (_, _, AioReturn place, _) = await window.FinishAsync();
        int index = begun.Dequeue();
        AioResult result = place.Result;

        // The target is gone with the file: the name is told here.
        AioException? failure = result.IsComplete ? null : new AioException($"sync the folder {folders[index]}", result, place.Explain());
        done(index, failure, result.IsFlushFailure);
    }

    private readonly record struct Opening(IoFile? File, AioException? Failure, bool IsSyncFailure);
}
