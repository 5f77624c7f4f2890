namespace Sluice.Wal.Tests;

/// <summary>The operating system's files, with somebody who is told of each rename before it is done, and may block it.</summary>
internal sealed class WatchedFileSystem(Action<string, string> renaming) : IoFileSystem
{
    private static IoFileSystem Inner => OperatingSystem;

    public override IoFile Open(string path, IoOpenOptions options) => Inner.Open(path, options);

    public override bool Exists(string path) => Inner.Exists(path);

    public override void Rename(string sourcePath, string targetPath)
    {
        renaming(sourcePath, targetPath);
        Inner.Rename(sourcePath, targetPath);
    }

    public override void Remove(string path) => Inner.Remove(path);

    public override void CreateDirectory(string path) => Inner.CreateDirectory(path);

    public override void RemoveDirectory(string path) => Inner.RemoveDirectory(path);

    public override IReadOnlyList<IoFileEntry> List(string path) => Inner.List(path);

    public override void SyncDirectory(string path) => Inner.SyncDirectory(path);

    public override IoFile? OpenDirectory(string path) => Inner.OpenDirectory(path);

    public override string DirectoryOf(string path) => Inner.DirectoryOf(path);
}
