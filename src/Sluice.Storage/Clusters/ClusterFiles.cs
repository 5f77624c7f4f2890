namespace Sluice.Storage;

/// <summary>Finds the relation files of a data directory: <c>global</c>, <c>base</c>, and its own folder in each tablespace.</summary>
public static class ClusterFiles
{
    private const string TemporaryPrefix = "pgsql_tmp";

    /// <summary>
    /// Lists the relation files. Passed over: what holds temporary data (<c>pgsql_tmp…</c>), and every file that is not named as a
    /// relation file is (pg_control, pg_filenode.map, PG_VERSION, …).
    /// </summary>
    /// <param name="system">The system whose namespace the directory is in.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="control">Its control file.</param>
    /// <param name="onProblem">Told of a folder that could not be listed; the others are.</param>
    /// <param name="cancellationToken">Checked before each folder.</param>
    public static Task<IReadOnlyList<ClusterFile>> ListAsync(
        AioSystem system, string dataDirectory, ControlFile control, Action<ClusterProblem> onProblem,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(onProblem);
        return BlockingWork.RunAsync(
            system, () => List(system.FileSystem, dataDirectory, control, onProblem, cancellationToken), cancellationToken);
    }

    private static IReadOnlyList<ClusterFile> List(
        IoFileSystem fileSystem, string dataDirectory, ControlFile control, Action<ClusterProblem> onProblem,
            CancellationToken cancellationToken)
    {
        List<ClusterFile> files = [];
        Stack<string> folders = new();
        foreach (string tablespace in ListTablespaces(fileSystem, dataDirectory, control, onProblem).Reverse()) folders.Push(tablespace);
        folders.Push("global");
        folders.Push("base");
        while (folders.TryPop(out string? folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<IoFileEntry> entries;
            try
            {
                entries = fileSystem.List($"{dataDirectory}/{folder}");
            }
            catch (AioException failure)
            {
                onProblem(new ClusterProblem(folder, failure.Message));
                continue;
            }

            for (int index = entries.Count - 1; index >= 0; index--)
            {
                if (entries[index].IsDirectory && !entries[index].Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal))
                {
                    folders.Push($"{folder}/{entries[index].Name}");
                }
            }

            foreach (IoFileEntry entry in entries)
            {
                if (!entry.IsDirectory && RelationPaths.TryParse(entry.Name, out RelationFileName name))
                {
                    files.Add(new ClusterFile($"{folder}/{entry.Name}", entry.LengthBytes, name));
                }
            }
        }

        return files;
    }

    private static IEnumerable<string> ListTablespaces(
        IoFileSystem fileSystem, string dataDirectory, ControlFile control, Action<ClusterProblem> onProblem)
    {
        const string folder = "pg_tblspc";
        List<string> found = [];
        if (!fileSystem.Exists($"{dataDirectory}/{folder}")) return found;
        try
        {
            foreach (IoFileEntry entry in fileSystem.List($"{dataDirectory}/{folder}"))
            {
                // Other versions and other clusters may have folders of their own there. A link to a folder that is gone still has a name.
                try
                {
                    bool isOwn = fileSystem.List(
                        $"{dataDirectory}/{folder}/{entry.Name}").Any(inside => inside.Name == control.TablespaceFolder);
                    if (isOwn) found.Add($"{folder}/{entry.Name}/{control.TablespaceFolder}");
                }
                catch (AioException failure)
                {
                    onProblem(new ClusterProblem(
                        $"{folder}/{entry.Name}", $"the tablespace cannot be looked at; is its file system mounted? {failure.Message}"));
                }
            }
        }
        catch (AioException failure)
        {
            onProblem(new ClusterProblem(folder, failure.Message));
        }

        return found;
    }
}
