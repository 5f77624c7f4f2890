using System.Diagnostics;

namespace Sluice.TempFiles;

/// <summary>
/// Room for temporary files: directories, a quota, and who uses how much. Nothing in it is ever made durable. Any thread.
/// </summary>
/// <remarks>
/// Accounting is by length: a byte is counted from the moment a write that reaches it is started until the file is cut off or disposed.
/// </remarks>
public sealed class TempSpace : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string[] _directories;
    private readonly TempSession[] _sessions;
    private readonly HashSet<BufFile> _files = [];
    private readonly List<TempOwner> _owners = [];
    private long _usedBytes;
    private long _peakBytes;
    private int _nextDirectory;
    private int _nextName;
    private bool _isDisposed;

    private TempSpace(AioSystem system, TempSpaceOptions options, string[] directories, TempSession[] sessions)
    {
        System = system;
        Options = options;
        _directories = directories;
        _sessions = sessions;
    }

    /// <summary>The system whose I/O it uses.</summary>
    public AioSystem System { get; }

    /// <summary>How it was made.</summary>
    public TempSpaceOptions Options { get; }

    /// <summary>The directories, in the order in which pieces go to them.</summary>
    public IReadOnlyList<string> Directories => _directories;

    /// <summary>How many bytes the files have now.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>The most bytes the files ever had together.</summary>
    public long PeakBytes => Volatile.Read(ref _peakBytes);

    /// <summary>How many folders and files of processes that had died were removed when the space was opened.</summary>
    public int LeftoversRemoved { get; private init; }

    /// <summary>How many files there are now.</summary>
    public int FileCount
    {
        get
        {
            lock (_lock) return _files.Count;
        }
    }

    /// <summary>Who has files now, in the order in which each came to have some.</summary>
    public IReadOnlyList<TempOwner> Owners
    {
        get
        {
            lock (_lock) return [.. _owners];
        }
    }

    /// <summary>Opens a space, removing what processes that died left in its directories.</summary>
    /// <param name="system">The system; outlives the space.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The space; disposing it disposes every file.</returns>
    /// <exception cref="ArgumentException">The options have mistakes; the message names each.</exception>
    /// <exception cref="AioException">A directory is not there or cannot be used.</exception>
    public static TempSpace Open(AioSystem system, TempSpaceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        options ??= new TempSpaceOptions();
        IReadOnlyList<string> mistakes = options.Validate();
        if (mistakes.Count != 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
        SluiceTempFilesAioModule.Instance.EnsureRegistered();
        IoFileSystem fileSystem = system.FileSystem;
        string[] directories = options.Directories.Count == 0 ? [Path.GetTempPath()] : [.. options.Directories];
        int leftovers = 0;
        foreach (string directory in directories) leftovers += TempSession.RemoveLeftovers(fileSystem, directory);
        List<TempSession> sessions = [];
        try
        {
            if (options.Naming == TempNaming.Named)
            {
                foreach (string directory in directories) sessions.Add(TempSession.Create(fileSystem, directory));
            }
        }
        catch
        {
            foreach (TempSession session in sessions) session.Dispose();
            throw;
        }

        return new TempSpace(system, options, directories, [.. sessions]) { LeftoversRemoved = leftovers };
    }

    /// <summary>Makes an owner, to whom files are accounted. The space knows it as long as it has files.</summary>
    /// <param name="name">The name, for people: it stands in errors.</param>
    public TempOwner CreateOwner(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new TempOwner(this, name);
    }

    /// <summary>Makes an empty file. No space is taken and no file opened before the first write.</summary>
    /// <param name="owner">For whom.</param>
    public BufFile CreateFile(TempOwner owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        if (!ReferenceEquals(owner.Space, this)) throw new ArgumentException("The owner belongs to another space.", nameof(owner));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            BufFile file = new(owner);
            _files.Add(file);
            if (owner.FileCount == 0) _owners.Add(owner);
            owner.AddFiles(1);
            return file;
        }
    }

    /// <summary>
    /// Disposes every file and removes what has a name. I/O in flight keeps its file open until it has
    /// completed. Blocks for the removing only.
    /// </summary>
    public void Dispose()
    {
        BufFile[] files;
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            files = [.. _files];
        }

        foreach (BufFile file in files) file.Close();
        foreach (TempSession session in _sessions) session.Dispose();
    }

    /// <summary>Opens a new physical file in the next directory.</summary>
    internal TempPiece OpenPiece()
    {
        int number;
        int name;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            number = _nextDirectory;
            _nextDirectory = (_nextDirectory + 1) % _directories.Length;
            name = _nextName++;
        }

        bool isNamed = _sessions.Length != 0;
        string path = isNamed ? Path.Combine(_sessions[number].Folder, $"{name:D6}") : _directories[number];
        IoFile file = System.FileSystem.Open(path, new IoOpenOptions
        {
            Access = IoAccess.ReadWrite,
            Creation = isNamed ? IoCreation.CreateNew : IoCreation.Unnamed,
            Direct = Options.Direct,
        });
        return new TempPiece(file, _directories[number], isNamed ? path : null);
    }

    /// <summary>Counts more bytes, or refuses.</summary>
    internal void Reserve(TempOwner owner, long bytes)
    {
        lock (_lock)
        {
            if (bytes > Options.QuotaBytes - _usedBytes) RefuseQuota(owner, bytes);
            Volatile.Write(ref _usedBytes, _usedBytes + bytes);
            if (_usedBytes > _peakBytes) Volatile.Write(ref _peakBytes, _usedBytes);
            owner.Add(bytes);
        }
    }

    internal void Release(TempOwner owner, long bytes)
    {
        if (bytes == 0) return;
        lock (_lock)
        {
            Debug.Assert(bytes <= _usedBytes, "More is released than was counted.");
            Volatile.Write(ref _usedBytes, _usedBytes - bytes);
            owner.Add(-bytes);
        }
    }

    /// <summary>Moves the count of some bytes from one owner to another.</summary>
    internal void Transfer(TempOwner from, TempOwner to, long bytes)
    {
        lock (_lock)
        {
            from.Add(-bytes);
            to.Add(bytes);
        }
    }

    internal void Forget(BufFile file)
    {
        lock (_lock)
        {
            if (!_files.Remove(file)) return;
            file.Owner.AddFiles(-1);
            if (file.Owner.FileCount == 0) _owners.Remove(file.Owner);
        }
    }

    private void RefuseQuota(TempOwner owner, long bytes) => throw new TempSpaceFullException(
        $"Cannot write {bytes} more bytes of temporary data for {owner.Name} in {string.Join(", ", _directories)}: "
        + $"the quota is {Options.QuotaBytes} bytes and "
        + $"{_usedBytes} are used; raise QuotaBytes, give the operation more memory, or do less at once.");
}
