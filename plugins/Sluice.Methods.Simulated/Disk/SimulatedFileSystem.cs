namespace Sluice.Methods.Simulated;

/// <summary>The names of a simulated disk, for one system: dead after the next crash.</summary>
internal sealed class SimulatedFileSystem(SimulatedDisk disk, int epoch) : IoFileSystem
{
    public override bool IsNonBlocking => true;

    public override IoFile Open(string path, IoOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        return disk.Open(path, options, epoch);
    }

    public override bool Exists(string path) => disk.Exists(path, epoch);

    public override void Rename(string sourcePath, string targetPath) => disk.Rename(sourcePath, targetPath, epoch);

    public override void Remove(string path) => disk.Remove(path, epoch);

    public override void CreateDirectory(string path) => disk.CreateDirectory(path, epoch);

    public override void RemoveDirectory(string path) => disk.RemoveDirectory(path, epoch);

    public override IReadOnlyList<IoFileEntry> List(string path) => disk.List(path, epoch);

    public override void SyncDirectory(string path) => disk.SyncDirectory(path, epoch);

    // The current directory of the process means nothing here.
    public override string DirectoryOf(string path)
    {
        int slash = path.TrimEnd('/').LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }
}
