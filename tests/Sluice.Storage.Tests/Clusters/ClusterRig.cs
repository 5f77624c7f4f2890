using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;
using Cluster = Sluice.Tests.Shared.RealCluster;

namespace Sluice.Storage.Tests.Clusters;

/// <summary>A copy of the real cluster, and verifications of it.</summary>
internal sealed class ClusterRig : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-cluster-").FullName;

    internal ClusterRig(string method)
    {
        Data = Cluster.Extract(_folder);
        System = AioSystem.Start(new AioSystemOptions
        {
            Method = "injecting",
            Catalog = StorageRig.CatalogOf(method, Control),
            SharedContexts = 1,
            HandlesPerContext = 64,
        });
    }

    internal InjectionControl Control { get; } = new();

    internal AioSystem System { get; }

    /// <summary>The data directory.</summary>
    internal string Data { get; }

    internal List<BadBlock> Bad { get; } = [];

    internal List<ClusterProblem> Problems { get; } = [];

    internal string PathOf(string relative) => Path.Combine(Data, relative);

    internal string Outside(string relative) => Path.Combine(_folder, relative);

    internal async Task<ClusterVerification> VerifyAsync(ClusterVerifierOptions? options = null)
    {
        Bad.Clear();
        Problems.Clear();
        ClusterVerifier verifier =
            new(System, Data, (options ?? new ClusterVerifierOptions()) with { OnBadBlock = Bad.Add, OnProblem = Problems.Add });
        ClusterVerification result = await verifier.VerifyAsync().WaitAsync(StorageRig.Watchdog);
        Assert.Equal(verifier.BytesTotal, verifier.BytesDone);
        Assert.Equal((Bad.Count, Problems.Count), ((int)result.BadBlockCount, result.ProblemCount));
        Bad.Sort(static (left, right) => (left.Path, left.BlockNumber).CompareTo((right.Path, right.BlockNumber)));
        return result;
    }

    /// <summary>Changes a file's bytes in place.</summary>
    internal void Edit(string relative, Action<byte[]> edit)
    {
        byte[] content = File.ReadAllBytes(PathOf(relative));
        edit(content);
        File.WriteAllBytes(PathOf(relative), content);
    }

    public void Dispose()
    {
        System.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
