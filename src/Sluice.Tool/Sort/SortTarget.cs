using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Sort;

/// <summary>
/// The file that a sort writes, opened before anything is sorted so that a name that cannot be written is told at once. A regular file
/// gets its name, or takes the place of the one that had it, when it is whole: nobody ever sees half of it there.
/// </summary>
/// <remarks>
/// What would be lost with a new file, other names of it, its owner, its lists of access, is kept by writing into the one that is there;
/// then a sort that is stopped leaves part of the result. Belongs to one flow.
/// </remarks>
internal sealed unsafe class SortTarget : IDisposable
{
    private const int LinksMax = 40;
    private const int AttemptsMax = 100;

    private const UnixFileMode ModeOfNew = UnixFileMode.UserRead | UnixFileMode.UserWrite
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly AioSystem _system;

    // Where the file goes in the end; null when it is there already.
    private string? _path;

    // The name that it has until then; null when it has none.
    private string? _temporaryPath;

    private SortTarget(AioSystem system, string name, IoFile? file, SafeFileHandle? handle, int descriptor)
    {
        _system = system;
        Name = name;
        File = file;
        Handle = handle;
        Descriptor = descriptor;
    }

    /// <summary>For people.</summary>
    internal string Name { get; }

    /// <summary>The regular file; null for anything else.</summary>
    internal IoFile? File { get; }

    /// <summary>What is written to in order, when it is no regular file; -1 otherwise.</summary>
    internal int Descriptor { get; }

    /// <summary>Whether the file that has the name is written to, and lost if the sort ends early.</summary>
    internal bool IsInPlace => File is not null && _path is null;

    private SafeFileHandle? Handle { get; }

    /// <summary>Opens it. What is there is not touched yet.</summary>
    /// <param name="system">Through which a regular file is written.</param>
    /// <param name="name">The file; null for stdout.</param>
    internal static SortTarget Open(AioSystem system, string? name)
    {
        if (name is null) return new SortTarget(system, "the standard output", null, null, 1);
        if (!LineFile.IsRegularFile(name))
        {
            SafeFileHandle handle = System.IO.File.OpenHandle(name, FileMode.Open, FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete);
            return new SortTarget(system, name, null, handle, (int)handle.DangerousGetHandle());
        }

        IoOpenOptions options = new() { Access = IoAccess.Write, Creation = IoCreation.OpenOrCreate, Mode = ModeOfNew };
        return (OperatingSystem.IsLinux() ? TryOpenNew(system, name) : null)
            ?? new SortTarget(system, name, system.FileSystem.Open(name, options), null, -1);
    }

    /// <summary>Empties the file, if it is the one that has the name. From here on nothing can be read that was in it.</summary>
    internal void Begin()
    {
        if (IsInPlace) File!.SetLength(0);
    }

    /// <summary>Gives the file its name. Everything was written.</summary>
    internal void Publish()
    {
        if (_path is not { } path) return;
        if (_temporaryPath is { } temporary)
        {
            _system.FileSystem.Rename(temporary, path);
            TemporaryFiles.Forget(temporary);
            _temporaryPath = null;
            return;
        }

        string source = $"/proc/self/fd/{((OsFile)File!).Descriptor}";
        int errno = Link(source, path);
        if (errno == Errno.EEXIST) errno = Replace(source, path);
        if (errno != 0) throw new AioException($"name the output {path}", errno);
    }

    public void Dispose()
    {
        if (_temporaryPath is { } temporary) TemporaryFiles.Remove(temporary);
        _temporaryPath = null;
        File?.Dispose();
        Handle?.Dispose();
    }

    // Null when the file that has the name should stay, or no other can be made beside it.
    private static SortTarget? TryOpenNew(AioSystem system, string name)
    {
        if (name.Length == 0 || ResolveLinks(name) is not { } path) return null;
        Libc.Statx old;
        bool exists = Libc.StatX(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &old) == 0;
        if (exists && (old.LinkCount != 1 || HasAttributes(path) || !CanWrite(path))) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string? temporary = null;
        OsFile file;
        try
        {
            // Whoever was killed between the two names of its output left the first.
            if (exists) _ = TempSession.RemoveLeftovers(system.FileSystem, folder);
            file = (OsFile)system.FileSystem.Open(folder, new IoOpenOptions
            {
                Access = IoAccess.ReadWrite,
                Creation = IoCreation.Unnamed,
                Mode = ModeOfNew
            });
            if (WasNamed(file))
            {
                // There are no unnamed files, only files whose name is gone and which cannot get another.
                file.Dispose();
                temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.sluice-part");
                TemporaryFiles.Add(temporary);
                file = (OsFile)system.FileSystem.Open(temporary, new IoOpenOptions
                {
                    Access = IoAccess.Write,
                    Creation = IoCreation.CreateNew,
                    Mode = ModeOfNew
                });
            }
        }
        catch (AioException)
        {
            // A folder that nothing can be made in may hold a file that can be written; if not, opening that says so.
            if (temporary is not null) TemporaryFiles.Forget(temporary);
            return null;
        }

        SortTarget target = new(system, name, file, null, -1) { _path = path, _temporaryPath = temporary };
        if (!exists || TryLookLike(file, old)) return target;
        target.Dispose();
        return null;
    }

    private static bool TryLookLike(OsFile file, in Libc.Statx old)
    {
        Libc.Statx made;
        if (Libc.StatX(file.Descriptor, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, &made) != 0) return false;
        return made.UserId == old.UserId && made.GroupId == old.GroupId && Libc.FChMod(file.Descriptor, old.Mode & 0xFFFu) == 0;
    }

    // What -o /dev/stdout or /proc/self/fd/1 stands for is open already, and it is that file that is wanted.
    private static string? ResolveLinks(string name)
    {
        string path = name;
        for (int count = 0; count < LinksMax; count++)
        {
            if (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal)) return null;
            FileInfo info = new(path);
            if (info.LinkTarget is not { } next) return path;
            path = Path.Combine(Path.GetDirectoryName(info.FullName)!, next);
        }

        return null;
    }

    private static bool HasAttributes(string path)
    {
        byte* names = stackalloc byte[4096];
        nint length = Libc.ListXAttr(path, names, 4096);
        return length < 0 ? Marshal.GetLastPInvokeError() != Errno.EOPNOTSUPP
            : length > 0 && !new ReadOnlySpan<byte>(names, (int)length).SequenceEqual("security.selinux\0"u8);
    }

    private static bool CanWrite(string path)
    {
        try
        {
            using SafeFileHandle handle = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool WasNamed(OsFile file) =>
        new FileInfo($"/proc/self/fd/{file.Descriptor}").LinkTarget is not { } target
        || Path.GetFileName(target).StartsWith(".sluice-", StringComparison.Ordinal);

    private static int Link(string source, string path) =>
        Libc.LinkAt(Libc.AT_FDCWD, source, Libc.AT_FDCWD, path, Libc.AT_SYMLINK_FOLLOW) == 0 ? 0 : Marshal.GetLastPInvokeError();

    // A link never takes the place of a file, a renaming does. The name in between is one that is swept when the process is killed there;
    // a sweeper may come too early, and then it is made again.
    private int Replace(string source, string path)
    {
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            string between = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".sluice-{Guid.NewGuid():N}.tmp");
            int errno = Link(source, between);
            if (errno != 0) return errno;
            try
            {
                _system.FileSystem.Rename(between, path);
                return 0;
            }
            catch (AioException exception) when (exception.Errno == Errno.ENOENT)
            {
            }
            catch
            {
                TemporaryFiles.Remove(between);
                throw;
            }
        }

        return Errno.ENOENT;
    }
}
