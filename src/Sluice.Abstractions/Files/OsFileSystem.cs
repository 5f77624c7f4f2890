using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Interop;

namespace Sluice;

/// <summary>The operating system's files: Linux's own calls where there are any, so that every open flag is what was asked for.</summary>
internal sealed unsafe class OsFileSystem : IoFileSystem
{
    private static bool IsLinux => OsExecutor.Current is LinuxExecutor;

    /// <inheritdoc/>
    public override IoFile Open(string path, IoOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        return IsLinux ? OpenLinux(path, options) : PortableFileSystem.Open(path, options);
    }

    /// <inheritdoc/>
    public override bool Exists(string path) => Path.Exists(path);

    /// <inheritdoc/>
    public override void Rename(string sourcePath, string targetPath)
    {
        string attempt = $"rename {sourcePath} to {targetPath}";
        if (!IsLinux) PortableFileSystem.Run(attempt, () => File.Move(sourcePath, targetPath, overwrite: true));
        else if (Libc.Rename(sourcePath, targetPath) != 0) throw new AioException(attempt, Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override void Remove(string path)
    {
        string attempt = $"remove {path}";
        if (!IsLinux) PortableFileSystem.Run(attempt, () => File.Delete(path));
        else if (Libc.Unlink(path) != 0) throw new AioException(attempt, Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override void CreateDirectory(string path) => PortableFileSystem.Run($"make the folder {path}", () => Directory.CreateDirectory(path));

    /// <inheritdoc/>
    public override void RemoveDirectory(string path)
    {
        string attempt = $"remove the folder {path}";
        if (!IsLinux) PortableFileSystem.Run(attempt, () => Directory.Delete(path));
        else if (Libc.RmDir(path) != 0) throw new AioException(attempt, Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override IReadOnlyList<IoFileEntry> List(string path)
    {
        List<IoFileEntry> entries = [];
        PortableFileSystem.Run($"list the folder {path}", () =>
        {
            foreach (FileSystemInfo info in new DirectoryInfo(path).EnumerateFileSystemInfos())
            {
                try
                {
                    entries.Add(new IoFileEntry(info.Name, info is DirectoryInfo, info is FileInfo file ? file.Length : 0));
                }
                catch (FileNotFoundException)
                {
                    // Removed since it was listed: it is not there.
                }
            }
        });
        entries.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return entries;
    }

    /// <inheritdoc/>
    public override void SyncDirectory(string path)
    {
        // Other systems make names durable by themselves or not at all: there is no call for it.
        if (!IsLinux) return;
        string attempt = $"sync the folder {path}";
        int descriptor = Libc.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (descriptor < 0) throw new AioException(attempt, Marshal.GetLastPInvokeError());
        try
        {
            while (Libc.Fsync(descriptor) != 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR) throw new AioException(attempt, errno);
            }
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public override IoFile? OpenDirectory(string path)
    {
        if (!IsLinux) return null;
        int descriptor;
        do
        {
            descriptor = Libc.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
        if (descriptor < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new AioException($"open the folder {path}", errno, Explain(errno, new IoOpenOptions()));
        }

        return new OsFile(path, IoAccess.Read, new SafeFileHandle(descriptor, ownsHandle: true), new IoFileCapabilities());
    }

    /// <summary>What tells the file system that a folder is on from others: the device's numbers, or the path's root.</summary>
    internal static string DeviceOf(string folder)
    {
        string attempt = $"use the folder {folder}";
        if (!IsLinux) return Directory.Exists(folder) ? Path.GetPathRoot(Path.GetFullPath(folder))! : throw new AioException(attempt, Errno.ENOENT);
        Libc.Statx status;
        if (Libc.StatX(Libc.AT_FDCWD, folder, 0, Libc.STATX_TYPE, &status) != 0) throw new AioException(attempt, Marshal.GetLastPInvokeError());
        if ((status.Mode & 0xF000) != 0x4000) throw new AioException(attempt, Errno.ENOTDIR, "it is not a folder");
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{status.DeviceMajor}:{status.DeviceMinor}");
    }

    private static OsFile OpenLinux(string path, IoOpenOptions options)
    {
        string attempt = $"open {path}";
        int flags = Libc.O_CLOEXEC | (options.Access switch
        {
            IoAccess.Read => Libc.O_RDONLY,
            IoAccess.Write => Libc.O_WRONLY,
            _ => Libc.O_RDWR,
        });
        flags |= options.Creation switch
        {
            IoCreation.OpenOrCreate => Libc.O_CREAT,
            IoCreation.CreateNew => Libc.O_CREAT | Libc.O_EXCL,
            // With a lock to take, the file is emptied when it is ours.
            IoCreation.CreateOrTruncate => options.Exclusive ? Libc.O_CREAT : Libc.O_CREAT | Libc.O_TRUNC,
            IoCreation.Unnamed => Libc.O_TMPFILE,
            _ => 0,
        };
        if (options.Direct) flags |= Libc.O_DIRECT;
        if (options.WriteThrough) flags |= Libc.O_DSYNC;
        if (options.WriteThroughAll) flags |= Libc.O_SYNC;

        int descriptor;
        int errno = 0;
        do
        {
            descriptor = Libc.Open(path, flags, (int)options.Mode);
            if (descriptor < 0) errno = Marshal.GetLastPInvokeError();
        }
        while (descriptor < 0 && errno == Errno.EINTR);
        if (descriptor < 0)
        {
            if (options.Creation == IoCreation.Unnamed && errno is Errno.EOPNOTSUPP or Errno.EISDIR) return OpenUnnamedByName(path, options);
            throw new AioException(attempt, errno, Explain(errno, options));
        }

        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        try
        {
            return FinishOpen(path, options, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static OsFile FinishOpen(string path, IoOpenOptions options, SafeFileHandle handle)
    {
        string attempt = $"open {path}";
        int descriptor = (int)handle.DangerousGetHandle();
        Libc.Statx status;
        if (Libc.StatX(descriptor, "", Libc.AT_EMPTY_PATH, Libc.STATX_TYPE | Libc.STATX_SIZE | Libc.STATX_DIOALIGN, &status) != 0)
        {
            throw new AioException(attempt, Marshal.GetLastPInvokeError());
        }

        if ((status.Mode & 0xF000) == 0x4000) throw new AioException(attempt, Errno.EISDIR, "it is a folder; name a file");
        if (options.Exclusive && Libc.FLock(descriptor, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new AioException(attempt, errno, errno == Errno.EAGAIN ? "another open file holds its lock; close that one first" : null);
        }

        OsFile file = new(path, options.Access, handle, CapabilitiesOf(options, status));
        if (options is { Exclusive: true, Creation: IoCreation.CreateOrTruncate } && status.Size != 0) file.SetLength(0);
        if (options.PreallocateBytes > 0 && options.Access.HasFlag(IoAccess.Write)) Preallocate(file, options.PreallocateBytes);
        return file;
    }

    private static void Preallocate(OsFile file, long bytes)
    {
        while (Libc.FAllocate(file.Descriptor, 0, 0, bytes) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EINTR) continue;
            if (errno != Errno.EOPNOTSUPP) throw new AioException($"reserve {bytes} bytes for {file.Path}", errno);
            if (file.GetLength() < bytes) file.SetLength(bytes);
            return;
        }
    }

    private static IoFileCapabilities CapabilitiesOf(IoOpenOptions options, in Libc.Statx status)
    {
        bool alignmentIsKnown = (status.Mask & Libc.STATX_DIOALIGN) != 0 && status.DirectOffsetAlignment != 0;

        // Before Linux 6.1 nobody can ask; 4096 suits every disk made.
        int memory = !options.Direct ? 1 : alignmentIsKnown ? (int)status.DirectMemoryAlignment : 4096;
        int offset = !options.Direct ? 1 : alignmentIsKnown ? (int)status.DirectOffsetAlignment : 4096;
        return new IoFileCapabilities
        {
            IsDirect = options.Direct,
            MemoryAlignmentBytes = memory,
            OffsetAlignmentBytes = offset,
            IsDurableOnCompletion = options.WriteThrough || options.WriteThroughAll,
        };
    }

    // Where there is no O_TMPFILE. A process that is killed between the two calls leaves the name: whoever keeps temporary files in the
    // folder may remove every name of this form at any time, ours too, and then there is none left to remove.
    internal static OsFile OpenUnnamedByName(string directory, IoOpenOptions options)
    {
        string path = Path.Combine(directory, $".sluice-{Guid.NewGuid():N}.tmp");
        OsFile file;
        try
        {
            file = OpenLinux(path, options with { Creation = IoCreation.CreateNew });
        }
        catch
        {
            // What could not be had, room or direct I/O, may have been asked for after the file was made.
            TryRemoveName(path, out _);
            throw;
        }

        if (TryRemoveName(path, out int errno)) return file;
        file.Dispose();
        throw new AioException($"remove the name of the unnamed file {path}", errno);
    }

    /// <summary>Removes the name of a file that is to have none.</summary>
    /// <returns>Whether it has none now.</returns>
    internal static bool TryRemoveName(string path, out int errno)
    {
        errno = Libc.Unlink(path) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno is 0 or Errno.ENOENT;
    }

    private static string? Explain(int errno, IoOpenOptions options) => errno switch
    {
        Errno.EINVAL when options.Creation == IoCreation.Unnamed && !options.Access.HasFlag(IoAccess.Write) =>
            "a file without a name can only be opened for writing; ask for IoAccess.ReadWrite",
        Errno.EINVAL when options.Direct => "its file system does not do direct I/O; open it without Direct",
        Errno.EMFILE => "the process has too many open files (EMFILE); raise its limit (ulimit -n)",
        Errno.EEXIST => "a file of that name exists already (EEXIST)",
        Errno.EISDIR => "it is a folder; name a file",
        _ => null,
    };
}
