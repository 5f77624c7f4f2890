namespace Sluice.Benchmarks;

/// <summary>A system whose method does nothing, and a file to name: what is measured on it is the runtime.</summary>
internal sealed class NullSystem : IDisposable
{
    internal const int BatchSize = 32;
    private readonly string _path = Path.GetTempFileName();

    internal NullSystem()
    {
        AioSystemOptions options = new() { Method = "null", SharedContexts = 1 };
        options.Modules.Add(SluiceBenchmarksAioModule.Instance);
        System = AioSystem.Start(options);
        File = AioFile.Open(System, _path);
        Arena = System.CreateArena(8192, BatchSize);
    }

    internal AioSystem System { get; }

    internal AioFile File { get; }

    internal BufferArena Arena { get; }

    public void Dispose()
    {
        File.File.Dispose();
        Arena.Dispose();
        System.Dispose();
        global::System.IO.File.Delete(_path);
    }
}
