using System.Buffers;

namespace Sluice.TempFiles;

/// <summary>
/// The folder of one space in one directory, and the lock file beside it that says its process lives.
/// </summary>
/// <remarks>
/// Invariants:
/// (a) the lock file is there and locked before the folder is made, and is removed after the folder, so that a folder without a lock file
/// is
/// never one of ours; (b) a lock is released by the system when its process ends, however it ends, so a lock that can be taken belongs to
/// the
/// dead; (c) whoever has just made and locked a lock file looks whether its name is still there: a sweeper may have taken the lock between
/// the making and the locking and removed the name, and then another name is tried; (d) a sweeper removes a name only while it holds its
/// lock, but for (e): the name of a file that is to have none is there from its making to its removal by the same call, and nobody finds
/// the file by it, so that everybody may remove it at any time; the call that made it takes a name that is gone for one that it removed.
/// </remarks>
internal sealed class TempSession : IDisposable
{
    private const string Prefix = "sluice-tmp-";
    private const string LockSuffix = ".lock";
    private const int AttemptsMax = 100;

    // The name that a file without a name has for a moment, where the file system knows none without: see OsFileSystem.
    private const string MomentaryPrefix = ".sluice-";
    private const string MomentarySuffix = ".tmp";
    private const int MomentaryDigits = 32;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    private readonly IoFileSystem _fileSystem;
    private readonly string _lockPath;
    private readonly IoFile _lock;

    private TempSession(IoFileSystem fileSystem, string folder, string lockPath, IoFile lockFile)
    {
        _fileSystem = fileSystem;
        Folder = folder;
        _lockPath = lockPath;
        _lock = lockFile;
    }

    /// <summary>The folder for named files.</summary>
    internal string Folder { get; }

    /// <summary>Makes the lock file, takes its lock, and makes the folder.</summary>
    internal static TempSession Create(IoFileSystem fileSystem, string directory)
    {
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            string folder = Path.Combine(directory, $"{Prefix}{Guid.NewGuid():N}");
            string lockPath = folder + LockSuffix;
            IoFile file;
            try
            {
                file = fileSystem.Open(lockPath, new IoOpenOptions
                {
                    Access = IoAccess.ReadWrite,
                    Creation = IoCreation.CreateNew,
                    Exclusive = true
                });
            }
            catch (AioException exception) when (exception.Errno is Errno.EAGAIN or Errno.EEXIST)
            {
                // A sweeper took the lock first and removes the name.
                continue;
            }

            if (!fileSystem.Exists(lockPath))
            {
                file.Dispose();
                continue;
            }

            try
            {
                fileSystem.CreateDirectory(folder);
                return new TempSession(fileSystem, folder, lockPath, file);
            }
            catch
            {
                TryRemove(fileSystem, lockPath);
                file.Dispose();
                throw;
            }
        }

        throw new AioException($"make a folder for temporary files in {directory}", Errno.EEXIST);
    }

    /// <summary>Removes what the dead left in a directory. What cannot be looked at or removed stays.</summary>
    /// <returns>How many folders, and files that were to have no name, were removed.</returns>
    internal static int RemoveLeftovers(IoFileSystem fileSystem, string directory)
    {
        int removed = 0;
        foreach (IoFileEntry entry in fileSystem.List(directory))
        {
            if (entry.IsDirectory) continue;
            string path = Path.Combine(directory, entry.Name);
            bool isLock = entry.Name.StartsWith(Prefix, StringComparison.Ordinal)
                && entry.Name.EndsWith(LockSuffix, StringComparison.Ordinal);
            if (isLock ? TrySweep(fileSystem, path) : IsMomentary(entry.Name) && TryRemove(fileSystem, path)) removed++;
        }

        return removed;
    }

    public void Dispose()
    {
        // The lock stays with a folder that does: by it the next sweep finds both.
        if (TryRemoveFolder(_fileSystem, Folder)) TryRemove(_fileSystem, _lockPath);
        _lock.Dispose();
    }

    private static bool TrySweep(IoFileSystem fileSystem, string lockPath)
    {
        try
        {
            using IoFile file = fileSystem.Open(lockPath, new IoOpenOptions { Access = IoAccess.ReadWrite, Exclusive = true });
            if (!TryRemoveFolder(fileSystem, lockPath[..^LockSuffix.Length])) return false;
            fileSystem.Remove(lockPath);
            return true;
        }
        catch (AioException)
        {
            // The living hold their lock; another's files may not be ours to open; somebody else may have swept.
            return false;
        }
    }

    private static bool TryRemoveFolder(IoFileSystem fileSystem, string folder)
    {
        try
        {
            if (!fileSystem.Exists(folder)) return true;
            foreach (IoFileEntry entry in fileSystem.List(folder)) TryRemove(fileSystem, Path.Combine(folder, entry.Name));
            fileSystem.RemoveDirectory(folder);
            return true;
        }
        catch (AioException)
        {
            // It stays for the next sweep.
            return false;
        }
    }

    private static bool IsMomentary(string name)
    {
        if (name.Length != MomentaryPrefix.Length + MomentaryDigits + MomentarySuffix.Length) return false;
        return name.StartsWith(MomentaryPrefix, StringComparison.Ordinal) && name.EndsWith(MomentarySuffix, StringComparison.Ordinal)
            && !name.AsSpan(MomentaryPrefix.Length, MomentaryDigits).ContainsAnyExcept(s_digits);
    }

    private static bool TryRemove(IoFileSystem fileSystem, string path)
    {
        try
        {
            fileSystem.Remove(path);
            return true;
        }
        catch (AioException)
        {
            // It stays for the next sweep.
            return false;
        }
    }
}
