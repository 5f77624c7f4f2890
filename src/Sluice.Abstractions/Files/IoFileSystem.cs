namespace Sluice;

/// <summary>
/// A namespace of files: the operating system's, or one that an io_method brings. All members may block and may be called
/// on any thread; failures are <see cref="AioException"/> with one line that names the path. Nothing here is durable until
/// the folder was synced with <see cref="SyncDirectory"/>.
/// </summary>
public abstract class IoFileSystem
{
    /// <summary>The operating system's files.</summary>
    public static IoFileSystem OperatingSystem { get; } = new OsFileSystem();

    /// <summary>Whether members return at once (memory), so that asynchronous callers need not leave their thread.</summary>
    public virtual bool IsNonBlocking => false;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The path; for <see cref="IoCreation.Unnamed"/> the folder.</param>
    /// <param name="options">How.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="AioException">It cannot be opened as asked.</exception>
    public abstract IoFile Open(string path, IoOpenOptions options);

    /// <summary>Whether a file or folder of that name exists.</summary>
    /// <param name="path">The path.</param>
    public abstract bool Exists(string path);

    /// <summary>Gives a file another name, replacing a file that has it, in one step: others see the old or the new, never neither.</summary>
    /// <param name="sourcePath">The name it has.</param>
    /// <param name="targetPath">The name it gets; on the same file system.</param>
    public abstract void Rename(string sourcePath, string targetPath);

    /// <summary>Removes a file's name. Open files go on working.</summary>
    /// <param name="path">The path.</param>
    public abstract void Remove(string path);

    /// <summary>Makes a folder, and the folders it stands in. Nothing happens if it exists.</summary>
    /// <param name="path">The path.</param>
    public abstract void CreateDirectory(string path);

    /// <summary>Removes an empty folder.</summary>
    /// <param name="path">The path.</param>
    public abstract void RemoveDirectory(string path);

    /// <summary>What a folder holds, in ordinal order of names.</summary>
    /// <param name="path">The folder.</param>
    public abstract IReadOnlyList<IoFileEntry> List(string path);

    /// <summary>Makes durable which names a folder holds: after a create, rename or remove.</summary>
    /// <param name="path">The folder.</param>
    public abstract void SyncDirectory(string path);

    /// <summary>
    /// Opens a folder, so that its names can be made durable by an fsync on a handle, many in flight together, and so that a failure to
    /// open it is told from a failure of the sync: only the latter means that something may be lost.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <returns>The open folder, for nothing but an fsync; the caller disposes it. Null when folders cannot be opened here: then
    /// <see cref="SyncDirectory"/> is the way.</returns>
    /// <exception cref="AioException">It cannot be opened. Nothing was synced, and nothing is lost by that.</exception>
    public virtual IoFile? OpenDirectory(string path) => null;

    /// <summary>The folder that a path's last name stands in.</summary>
    /// <param name="path">The path.</param>
    public virtual string DirectoryOf(string path)
    {
        string? directory = Path.GetDirectoryName(Path.GetFullPath(path));
        return string.IsNullOrEmpty(directory) ? "/" : directory;
    }
}
