using Microsoft.Win32.SafeHandles;

namespace Sluice;

/// <summary>Opens files with .NET's own calls, where Linux's are not there. Says so when something asked for cannot be had.</summary>
internal static class PortableFileSystem
{
    internal static OsFile Open(string path, IoOpenOptions options)
    {
        if (options.Direct)
        {
            throw new AioException($"open {path}", Errno.EOPNOTSUPP, "direct I/O is supported on Linux only; open it without Direct");
        }

        bool unnamed = options.Creation == IoCreation.Unnamed;
        string realPath = unnamed ? Path.Combine(path, $".sluice-{Guid.NewGuid():N}.tmp") : path;
        SafeFileHandle? handle = null;
        Run($"open {path}", () => handle = File.OpenHandle(
            realPath,
            ModeOf(options.Creation),
            options.Access switch { IoAccess.Read => FileAccess.Read, IoAccess.Write => FileAccess.Write, _ => FileAccess.ReadWrite },
            options.Exclusive ? FileShare.None : FileShare.ReadWrite | FileShare.Delete,
            (options.WriteThrough || options.WriteThroughAll ? FileOptions.WriteThrough : 0) | (unnamed ? FileOptions.DeleteOnClose : 0)));
        OsFile file = new(
            realPath,
            options.Access,
            handle!,
            new IoFileCapabilities { IsDurableOnCompletion = options.WriteThrough || options.WriteThroughAll, VectorsMax = 1024 });
        try
        {
            if (options.Access.HasFlag(IoAccess.Write) && options.PreallocateBytes > file.GetLength())
            {
                file.SetLength(options.PreallocateBytes);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Runs a call of .NET and turns what it throws into the one kind of exception that files throw.</summary>
    internal static void Run(string attempt, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            int errno = exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => Errno.ENOENT,
                UnauthorizedAccessException => Errno.EACCES,
                ArgumentException => Errno.EINVAL,
                _ => exception.HResult is > 0 and < 4096 ? exception.HResult : Errno.EIO,
            };
            throw new AioException(attempt, errno, exception.Message.TrimEnd('.'));
        }
    }

    private static FileMode ModeOf(IoCreation creation) => creation switch
    {
        IoCreation.OpenExisting => FileMode.Open,
        IoCreation.OpenOrCreate => FileMode.OpenOrCreate,
        IoCreation.CreateOrTruncate => FileMode.Create,
        _ => FileMode.CreateNew,
    };
}
