namespace Sluice.Methods.Simulated;

/// <summary>Names. Each member takes the gate, counts as an operation, and may be the one at which the disk crashes.</summary>
public sealed partial class SimulatedDisk
{
    private readonly Node _root = new(null);
    private readonly List<Inode> _inodes = [];
    private readonly List<NameChange> _nameChanges = [];
    private readonly List<NameChange> _settled = [];
    private long _lastGroup;

    internal SimulatedFile Open(string path, IoOpenOptions options, int epoch)
    {
        lock (Time.Gate)
        {
            bool isUnnamed = options.Creation == IoCreation.Unnamed;
            Node? existing = isUnnamed ? null : Find(path);
            bool creates = isUnnamed || (existing is null && options.Creation != IoCreation.OpenExisting);
            return Do(
                creates ? TraceOperation.Create : TraceOperation.Open,
                path,
                epoch,
                "open",
                0,
                () => OpenNow(path, options, epoch, existing, creates));
        }
    }

    internal void Close(SimulatedFile file, bool isExclusive)
    {
        lock (Time.Gate)
        {
            if (file.Epoch != CrashCount) return;
            Inode inode = file.Inode;
            if (isExclusive) inode.ExclusiveHolders = 0;
            inode.OpenCount--;
            ReleaseIfGone(inode);
        }
    }

    internal long GetLength(SimulatedFile file)
    {
        lock (Time.Gate)
        {
            if (file.Epoch != CrashCount) throw DeadFailure("tell the length of", file.Path);
            return file.Inode.LengthBytes;
        }
    }

    internal void SetLength(SimulatedFile file, long lengthBytes)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.SetLength, file.Path, file.Epoch, "set the length of", lengthBytes, () =>
            {
                string attempt = $"set the length of {file.Path} to {lengthBytes} bytes";
                if ((file.Access & IoAccess.Write) == 0) throw new AioException(attempt, Errno.EBADF);
                file.Inode.SetLength(lengthBytes);
                return 0;
            });
        }
    }

    internal bool Exists(string path, int epoch)
    {
        lock (Time.Gate)
        {
            if (epoch != CrashCount) throw DeadFailure("look for", path);
            return Find(path) is not null;
        }
    }

    internal void Rename(string sourcePath, string targetPath, int epoch)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.Rename, sourcePath, epoch, "rename", 0, () =>
            {
                RenameNow(sourcePath, targetPath);
                return 0;
            });
        }
    }

    internal void Remove(string path, int epoch)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.Remove, path, epoch, "remove", 0, () =>
            {
                RemoveNow(path);
                return 0;
            });
        }
    }

    internal void CreateDirectory(string path, int epoch)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.CreateDirectory, path, epoch, "make", 0, () =>
            {
                CreateDirectoryNow(path);
                return 0;
            });
        }
    }

    internal void RemoveDirectory(string path, int epoch)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.RemoveDirectory, path, epoch, "remove", 0, () =>
            {
                RemoveDirectoryNow(path);
                return 0;
            });
        }
    }

    internal IReadOnlyList<IoFileEntry> List(string path, int epoch)
    {
        lock (Time.Gate)
        {
            if (epoch != CrashCount) throw DeadFailure("list", path);
            Node folder = FindDirectory("list", path);
            List<IoFileEntry> entries = [];
            foreach ((string name, Node node) in folder.Entries)
            {
                entries.Add(new IoFileEntry(name, node.IsDirectory, node.File?.LengthBytes ?? 0));
            }

            entries.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
            return entries;
        }
    }

    internal void SyncDirectory(string path, int epoch)
    {
        lock (Time.Gate)
        {
            Do(TraceOperation.SyncDirectory, path, epoch, "sync", 0, () =>
            {
                SyncDirectoryNow(path);
                return 0;
            });
        }
    }

    private SimulatedFile OpenNow(string path, IoOpenOptions options, int epoch, Node? existing, bool creates)
    {
        if (existing is not null && options.Creation == IoCreation.CreateNew) throw Fail("open", path, Errno.EEXIST);
        if (existing is { IsDirectory: true }) throw Fail("open", path, Errno.EISDIR);
        bool isUnnamed = options.Creation == IoCreation.Unnamed;
        if (existing is null && !creates) throw Missing("open", path);
        Inode inode = existing?.File ?? Create(path, isUnnamed);
        if (options.Exclusive)
        {
            if (inode.ExclusiveHolders != 0) throw Fail("open", path, Errno.EAGAIN, "another open file holds the lock");
            inode.ExclusiveHolders = 1;
        }

        inode.OpenCount++;
        if (options.Creation == IoCreation.CreateOrTruncate && existing is not null) inode.SetLength(0);
        SimulatedFile file = new(this, path, options, inode, Trace.NumberOf(path), epoch);
        if (options.PreallocateBytes <= 0 || (options.Access & IoAccess.Write) == 0) return file;
        if (inode.TryAllocate(0, options.PreallocateBytes)) return file;
        file.Dispose();
        throw Fail("open", path, Errno.ENOSPC);
    }

    private void RenameNow(string sourcePath, string targetPath)
    {
        (Node sourceFolder, string sourceName) = FindFolder("rename", sourcePath);
        (Node targetFolder, string targetName) = FindFolder("rename", targetPath);
        Node moved = sourceFolder.Entries.GetValueOrDefault(sourceName) ?? throw Fail("rename", sourcePath, Errno.ENOENT);
        if (IsAbove(moved, targetPath)) throw Fail("rename", targetPath, Errno.EINVAL, "a folder cannot be moved into itself");
        Node? replaced = targetFolder.Entries.GetValueOrDefault(targetName);
        if (replaced is not null && IsAbove(replaced, sourcePath)) throw Fail("rename", targetPath, Errno.ENOTEMPTY);
        if (ReferenceEquals(moved, replaced)) return;
        if (replaced is not null && replaced.IsDirectory != moved.IsDirectory)
        {
            throw Fail("rename", targetPath, moved.IsDirectory ? Errno.ENOTDIR : Errno.EISDIR);
        }

        if (replaced is { IsDirectory: true, Entries.Count: > 0 }) throw Fail("rename", targetPath, Errno.ENOTEMPTY);
        long group = ++_lastGroup;
        SetName(targetFolder, targetName, moved, group);
        SetName(sourceFolder, sourceName, null, group);
        if (replaced?.File is not { } old) return;
        old.NameCount--;
        ReleaseIfGone(old);
    }

    private void RemoveNow(string path)
    {
        (Node folder, string name) = FindFolder("remove", path);
        Node node = folder.Entries.GetValueOrDefault(name) ?? throw Fail("remove", path, Errno.ENOENT);
        if (node.File is null) throw Fail("remove", path, Errno.EISDIR);
        SetName(folder, name, null, ++_lastGroup);
        node.File.NameCount--;
        ReleaseIfGone(node.File);
    }

    private void CreateDirectoryNow(string path)
    {
        MakeFolders(SplitPath(path), "make", path);
    }

    private void RemoveDirectoryNow(string path)
    {
        (Node folder, string name) = FindFolder("remove", path);
        Node node = folder.Entries.GetValueOrDefault(name) ?? throw Fail("remove", path, Errno.ENOENT);
        if (!node.IsDirectory) throw Fail("remove", path, Errno.ENOTDIR);
        if (node.Entries.Count != 0) throw Fail("remove", path, Errno.ENOTEMPTY);
        SetName(folder, name, null, ++_lastGroup);
    }

    private void SyncDirectoryNow(string path)
    {
        Node folder = FindDirectory("sync", path);
        foreach (NameChange change in _nameChanges)
        {
            // A name that moved to another folder is never in neither: what left this one has arrived there.
            if (ReferenceEquals(change.Directory, folder) && change.Target is null) SettleArrival(change.Group, folder);
        }

        foreach (NameChange settled in _settled)
        {
            // With it everything that was done to that name before.
            _nameChanges.RemoveAll(change =>
                ReferenceEquals(change.Directory, settled.Directory) && change.Name == settled.Name && change.Group <= settled.Group);
        }

        _settled.Clear();
        _nameChanges.RemoveAll(change => ReferenceEquals(change.Directory, folder));
        folder.DurableEntries = new Dictionary<string, Node>(folder.Entries, StringComparer.Ordinal);
    }

    private void SettleArrival(long group, Node except)
    {
        foreach (NameChange change in _nameChanges)
        {
            if (change.Group != group || change.Target is null || ReferenceEquals(change.Directory, except)) continue;
            change.Directory.DurableEntries[change.Name] = change.Target;
            _settled.Add(change);
        }
    }

    private static List<string> SplitPath(string path)
    {
        List<string> parts = [];
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count != 0) parts.RemoveAt(parts.Count - 1);
        }

        return parts;
    }

    private static AioException Fail(string attempt, string path, int errno, string? reason = null) =>
        new($"{attempt} {path}", errno, reason);

    private static AioException DeadFailure(string attempt, string path) =>
        Fail(attempt, path, Errno.EIO, "the simulated disk crashed, and this system died with it: start a new one");

    // An operation on names is done or not: the one at which the disk crashes may be either, and its caller never learns which.
    private T Do<T>(TraceOperation operation, string path, int epoch, string attempt, long lengthBytes, Func<T> change)
    {
        if (epoch != CrashCount) throw DeadFailure(attempt, path);
        TraceRecord record = new(Time.NowNanoseconds, operation, Trace.NumberOf(path), 0, lengthBytes, 0, IoRequestFlags.None);
        CrashPlan? plan = _crashPlan is not null && IsCrashDue(record) ? _crashPlan : null;
        if (plan is null || _crashes.Chance(0.5))
        {
            OperationCount++;
            Trace.Add(record);
            if (plan is null)
            {
                if (_dice.NextOfNames(operation, path, Time.NowNanoseconds) is not { } rule) return change();
                CountFault(rule, path);
                throw Fail(attempt, path, Errno.EIO);
            }

            try
            {
                change();
            }
            catch (AioException)
            {
                // It would have failed, and nobody is there to be told.
            }
        }

        CrashNow(plan.Kind);
        throw DeadFailure(attempt, path);
    }

    private Node? Find(string path)
    {
        Node node = _root;
        foreach (string part in SplitPath(path))
        {
            if (!node.IsDirectory || !node.Entries.TryGetValue(part, out Node? next)) return null;
            node = next;
        }

        return node;
    }

    private Node FindDirectory(string attempt, string path)
    {
        Node node = Find(path) ?? throw Missing(attempt, path);
        return node.IsDirectory ? node : throw Fail(attempt, path, Errno.ENOTDIR);
    }

    // What is missing may be the name, or a folder on the way to it, which may also be a file.
    private AioException Missing(string attempt, string path)
    {
        _ = FindFolder(attempt, path);
        return Fail(attempt, path, Errno.ENOENT);
    }

    private (Node Folder, string Name) FindFolder(string attempt, string path)
    {
        List<string> parts = SplitPath(path);
        if (parts.Count == 0) throw Fail(attempt, path, Errno.EISDIR);
        Node node = _root;
        for (int index = 0; index < parts.Count - 1; index++)
        {
            if (!node.Entries.TryGetValue(parts[index], out Node? next)) throw Fail(attempt, path, Errno.ENOENT);
            if (!next.IsDirectory) throw Fail(attempt, path, Errno.ENOTDIR);
            node = next;
        }

        return (node, parts[^1]);
    }

    // Whether a folder is on the way to what a path names.
    private bool IsAbove(Node folder, string path)
    {
        List<string> parts = SplitPath(path);
        Node node = _root;
        for (int index = 0; index < parts.Count - 1; index++)
        {
            node = node.Entries[parts[index]];
            if (ReferenceEquals(node, folder)) return true;
        }

        return false;
    }

    private Node MakeFolders(List<string> parts, string attempt, string path)
    {
        Node node = _root;
        foreach (string part in parts)
        {
            if (!node.Entries.TryGetValue(part, out Node? next))
            {
                next = new Node(null);
                SetName(node, part, next, ++_lastGroup);
            }

            if (!next.IsDirectory) throw Fail(attempt, path, Errno.ENOTDIR);
            node = next;
        }

        return node;
    }

    private Inode Create(string path, bool isUnnamed)
    {
        if (Options.CreatesFolders)
        {
            List<string> parts = SplitPath(path);
            if (!isUnnamed && parts.Count != 0) parts.RemoveAt(parts.Count - 1);
            MakeFolders(parts, "open", path);
        }

        if (isUnnamed)
        {
            FindDirectory("open", path);
            Inode unnamed = new(this);
            _inodes.Add(unnamed);
            return unnamed;
        }

        (Node folder, string name) = FindFolder("open", path);
        Inode inode = new(this) { NameCount = 1 };
        _inodes.Add(inode);
        SetName(folder, name, new Node(inode), ++_lastGroup);
        return inode;
    }

    private void SetName(Node folder, string name, Node? target, long group)
    {
        if (target is null) folder.Entries.Remove(name);
        else folder.Entries[name] = target;
        _nameChanges.Add(new NameChange(folder, name, target, group));
    }

    // A removed file's space is free at once; if the power goes before the folder was synced, it may be back.
    private void ReleaseIfGone(Inode inode)
    {
        if (inode.NameCount == 0 && inode.OpenCount == 0) FreePages += inode.UsedPages;
    }
}
