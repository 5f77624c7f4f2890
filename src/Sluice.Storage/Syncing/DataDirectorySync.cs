namespace Sluice.Storage;

/// <summary>
/// Makes a whole data directory durable: what a server does when it starts after a crash, before it recovers. Files that a dead
/// process wrote may stand in the system's cache only; recovery would take them for durable. All files first, many in flight together, then
/// the folders, innermost first. Links are followed, and with them the tablespaces and a log that stands elsewhere.
/// </summary>
public static class DataDirectorySync
{
    // Files opened by one trip to a thread that may block.
    private const int OpenTogether = 32;
    private const int FolderDepthMax = 32;
    private const string TemporaryPrefix = "pgsql_tmp";

    /// <summary>Syncs.</summary>
    /// <param name="context">The calling flow's context; half of its handles are used at most.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="progress">Told after each file, on the calling flow.</param>
    /// <param name="cancellationToken">Stops it; what is in flight is waited for.</param>
    /// <returns>What was done. Files that vanished meanwhile are nobody's problem; those that may not be opened are listed.</returns>
    /// <exception cref="AioException">When awaited: a file or folder could not be made durable; the first of them. The others
    /// were: but the directory must not be used.</exception>
    public static async Task<DataDirectorySyncResult> SyncAsync(
        AioContext context, string dataDirectory, IProgress<DataDirectorySyncProgress>? progress = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        Run run = new(context, dataDirectory, progress);
        return await run.SyncAsync(cancellationToken);
    }

    private sealed class Run(AioContext context, string dataDirectory, IProgress<DataDirectorySyncProgress>? progress)
    {
        private readonly AioSystem _system = context.System;
        private readonly List<string> _files = [];
        private readonly List<string> _folders = [];
        private readonly List<ClusterProblem> _problems = [];
        private readonly SyncWindow _window = new(context, int.MaxValue);
        private AioException? _failure;
        private int _filesDone;

        internal async Task<DataDirectorySyncResult> SyncAsync(CancellationToken cancellationToken)
        {
            long started = _system.TimeProvider.GetTimestamp();
            await BlockingWork.RunAsync(_system, () => List("", 0, cancellationToken), cancellationToken);
            try
            {
                await SyncFilesAsync(cancellationToken);
            }
            finally
            {
                while (!_window.IsEmpty) await FinishAsync();
            }

            int folders = await SyncFoldersAsync(cancellationToken);
            if (_failure is not null) throw _failure;
            return new DataDirectorySyncResult(_filesDone, folders, _problems, _system.TimeProvider.GetElapsedTime(started));
        }

        private string Absolute(string path) => path.Length == 0 ? dataDirectory : $"{dataDirectory}/{path}";

        private void List(string folder, int depth, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<IoFileEntry> entries;
            try
            {
                entries = _system.FileSystem.List(Absolute(folder));
            }
            catch (AioException failure) when (folder.Length > 0)
            {
                if (failure.Errno != Errno.ENOENT) _problems.Add(new ClusterProblem(folder, failure.Message));
                return;
            }

            foreach (IoFileEntry entry in entries)
            {
                string path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";

                // What holds temporary data is emptied at the start anyway. A chain of links that leads back ends by the depth.
                if (!entry.IsDirectory) _files.Add(path);
                else if (!entry.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) && depth < FolderDepthMax) List(
                    path, depth + 1, cancellationToken);
            }

            _folders.Add(folder);
        }

        private async Task SyncFilesAsync(CancellationToken cancellationToken)
        {
            IoFile?[] open = new IoFile?[OpenTogether];
            for (int first = 0; first < _files.Count; first += OpenTogether)
            {
                int from = first;
                int count = Math.Min(OpenTogether, _files.Count - first);
                await BlockingWork.RunAsync(_system, () => OpenFiles(from, count, open), cancellationToken);
                for (int index = 0; index < count; index++)
                {
                    if (open[index] is not { } file) continue;
                    open[index] = null;
                    if (_window.IsFull) await FinishAsync();
                    Start(file);
                }
            }
        }

        private void OpenFiles(int first, int count, IoFile?[] open)
        {
            for (int index = 0; index < count; index++)
            {
                string path = _files[first + index];
                try
                {
                    open[index] = _system.FileSystem.Open(Absolute(path), new IoOpenOptions());
                }
                catch (AioException failure)
                {
                    open[index] = null;
                    if (failure.Errno == Errno.ENOENT) continue;
                    lock (_problems) _problems.Add(new ClusterProblem(path, failure.Message));
                }
            }
        }

        private void Start(IoFile file)
        {
            // The window releases the hold; the file is closed by that, because it is disposed already.
            file.TryHold(context.Id);
            try
            {
                _window.Start(null, file, GenericFileTarget.For(file), static (handle, file, target) => target.StartFsync(handle, file));
            }
            finally
            {
                file.Dispose();
            }
        }

        private async ValueTask FinishAsync()
        {
            (_, IoFile file, AioReturn place, _) = await _window.FinishAsync();
            if (!place.Result.IsComplete)
            {
                // The target is gone with the file; the file still knows its name.
                _failure ??= new AioException($"fsync {file.Path}", place.Result, place.Explain());
                return;
            }

            _filesDone++;
            progress?.Report(new DataDirectorySyncProgress(_filesDone, _files.Count, file.Path[(dataDirectory.Length + 1)..]));
        }

        private async ValueTask<int> SyncFoldersAsync(CancellationToken cancellationToken)
        {
            int done = 0;
            string[] paths = [.. _folders.Select(Absolute)];
            await FolderSyncs.RunAsync(context, paths, files: null, Judge, cancellationToken);
            return done;

            void Judge(int index, AioException? failure, bool isSyncFailure)
            {
                if (failure is null) done++;
                else if (!isSyncFailure && failure.Errno == Errno.EACCES) _problems.Add(
                    new ClusterProblem(_folders[index], failure.Message));
                else if (isSyncFailure || failure.Errno != Errno.ENOENT) _failure ??= failure;
            }
        }
    }
}
