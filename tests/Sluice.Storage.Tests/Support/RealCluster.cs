using Cluster = Sluice.Tests.Shared.RealCluster;

namespace Sluice.Storage.Tests.Support;

/// <summary>The relation files of the real cluster.</summary>
internal static class RealCluster
{
    private static readonly Lazy<List<(string Path, RelationFileName Name, byte[] Content)>> s_files = new(Read);

    internal static IReadOnlyList<(string Path, RelationFileName Name, byte[] Content)> Files => s_files.Value;

    private static List<(string Path, RelationFileName Name, byte[] Content)> Read()
    {
        List<(string, RelationFileName, byte[])> files = [];
        foreach ((string path, byte[] content) in Cluster.ReadAll())
        {
            bool isInData = path.StartsWith("base/", StringComparison.Ordinal) || path.StartsWith("global/", StringComparison.Ordinal);
            if (isInData && RelationPaths.TryParse(Path.GetFileName(path), out RelationFileName name)) files.Add((path, name, content));
        }

        return files;
    }
}
