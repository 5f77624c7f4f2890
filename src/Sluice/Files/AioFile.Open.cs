namespace Sluice;

/// <summary>Opening files, and giving them names that last.</summary>
public sealed partial class AioFile
{
    /// <summary>
    /// Opens a file. The name of a file that is made is not durable before its folder was synced: see <see cref="CreateDurableAsync"/>.
    /// </summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="path">The path.</param>
    /// <param name="options">How; null to read an existing file.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="AioException">It cannot be opened as asked; the message says why.</exception>
    public static async Task<AioFile> OpenAsync(
        AioSystem system, string path, IoOpenOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(path);
        IoFile? file = null;
        await RunAsync(
            system,
            () => file = system.FileSystem.Open(path, options ?? new IoOpenOptions()),
            cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext);
        return new AioFile(system, file!);
    }

    /// <summary>Opens a file. Blocks.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="path">The path.</param>
    /// <param name="options">How; null to read an existing file.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="AioException">It cannot be opened as asked; the message says why.</exception>
    public static AioFile Open(AioSystem system, string path, IoOpenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        return new AioFile(system, system.FileSystem.Open(path, options ?? new IoOpenOptions()));
    }

    /// <summary>Makes a file whose name is durable when this completes: the file and its folder were synced.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="path">The path; no file of that name exists, unless the options say otherwise.</param>
    /// <param name="options">How; null for a new file to read and write.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="AioException">It cannot be made.</exception>
    public static async Task<AioFile> CreateDurableAsync(
        AioSystem system, string path, IoOpenOptions? options = null, CancellationToken cancellationToken = default)
    {
        AioFile file = await OpenAsync(
            system, path, options ?? new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }, cancellationToken);
        try
        {
            await file.FlushAllAsync(CancellationToken.None);
            await SyncDirectoryAsync(system, system.FileSystem.DirectoryOf(path));
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Gives a file another name, durably: when this completes the new name is there after a crash, and at no moment is there
    /// neither the old content under it nor the new. The file's data must have been flushed before.
    /// </summary>
    /// <param name="system">The system.</param>
    /// <param name="sourcePath">The name it has.</param>
    /// <param name="targetPath">The name it gets; a file of that name is replaced. On the same file system.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">It failed.</exception>
    public static async Task RenameDurableAsync(
        AioSystem system, string sourcePath, string targetPath, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        IoFileSystem fileSystem = system.FileSystem;
        await RunAsync(system, () => fileSystem.Rename(sourcePath, targetPath), cancellationToken);
        string target = fileSystem.DirectoryOf(targetPath);
        string source = fileSystem.DirectoryOf(sourcePath);
        await SyncDirectoryAsync(system, target);
        if (!string.Equals(source, target, StringComparison.Ordinal)) await SyncDirectoryAsync(system, source);
    }

    /// <summary>Removes a file's name, durably.</summary>
    /// <param name="system">The system.</param>
    /// <param name="path">The path.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">It failed.</exception>
    public static async Task RemoveDurableAsync(AioSystem system, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        await RunAsync(system, () => system.FileSystem.Remove(path), cancellationToken);
        await SyncDirectoryAsync(system, system.FileSystem.DirectoryOf(path));
    }

    private static Task SyncDirectoryAsync(AioSystem system, string path) =>
        RunAsync(system, () => system.FileSystem.SyncDirectory(path), CancellationToken.None);

    // There is no asynchronous call for these; a namespace in memory answers at once, on the caller's thread.
    private static Task RunAsync(AioSystem system, Action action, CancellationToken cancellationToken)
    {
        if (!system.FileSystem.IsNonBlocking) return Task.Run(action, cancellationToken);
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled(cancellationToken);
        try
        {
            action();
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }
}
