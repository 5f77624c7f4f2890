namespace Ledger;

/// <summary>The folder that was named, which stays; or one in the folder for temporary files, which goes, unless it is kept.</summary>
internal sealed class WorkFolder : IDisposable
{
    private bool _isTemporary;

    private WorkFolder(string path, bool isTemporary)
    {
        Path = path;
        _isTemporary = isTemporary;
    }

    internal string Path { get; }

    internal static WorkFolder For(string? path, string prefix) => path is null
        ? new WorkFolder(Directory.CreateTempSubdirectory(prefix + "-").FullName, isTemporary: true)
        : new WorkFolder(System.IO.Path.GetFullPath(path), isTemporary: false);

    /// <summary>There is something to look at in it.</summary>
    internal void Keep() => _isTemporary = false;

    public void Dispose()
    {
        if (_isTemporary) Directory.Delete(Path, recursive: true);
    }
}
