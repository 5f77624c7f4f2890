namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// What every engine of Sluice needs: the system with the method, the open file, and a buffer for each operation in flight.
/// </summary>
internal sealed class SluiceHost : IDisposable
{
    private readonly BufferArena _arena;

    /// <summary>Starts the system and opens the file.</summary>
    /// <param name="workload">The work.</param>
    /// <param name="method">The io_method.</param>
    /// <param name="contexts">Contexts that the engine will make.</param>
    /// <param name="sharedContexts">Contexts for files outside of loops; 0 for one per core.</param>
    internal SluiceHost(Workload workload, string method, int contexts, int sharedContexts)
    {
        System = AioSystem.Start(Options(workload, method, contexts, sharedContexts));
        try
        {
            File = AioFile.Open(System, workload.Path, workload.OpenOptions);
            BenchFile.RequireAligned(workload, File.Capabilities);
            _arena = System.CreateArena(workload.BlockBytes, workload.Depth * workload.Threads, workload.IsRegistered);
            Buffers = new AioBuffer[_arena.Count];
            for (int index = 0; index < Buffers.Length; index++)
            {
                Buffers[index] = _arena.Rent();
                if (workload.IsWriting) BenchFile.FillRandom(Buffers[index].Span, seed: index);
            }
        }
        catch
        {
            File?.File.Dispose();
            System.Dispose();
            throw;
        }
    }

    internal AioSystem System { get; }

    internal AioFile File { get; }

    /// <summary>A buffer for each operation in flight: those of one thread stand together.</summary>
    internal AioBuffer[] Buffers { get; }

    public void Dispose()
    {
        File.File.Dispose();
        foreach (AioBuffer buffer in Buffers) buffer.Return();
        _arena.Dispose();
        System.Dispose();
    }

    private static AioSystemOptions Options(Workload workload, string method, int contexts, int sharedContexts)
    {
        int shared = sharedContexts == 0 ? Environment.ProcessorCount : sharedContexts;
        AioSystemOptions options = new()
        {
            Method = method,
            HandlesPerContext = Math.Clamp(workload.Depth * (contexts == 0 ? workload.Threads : 1), 32, BenchLimits.DepthMax),
            SharedContexts = shared,
            ContextsMax = shared + contexts,
        };
        options.Modules.Add(SluiceToolAioModule.Instance);
        options.MethodSettings["io_uring"] = new Dictionary<string, string>
        {
            ["registered_buffers"] = workload.IsRegistered ? "true" : "false",
            ["registered_files"] = workload.IsRegistered ? "1024" : "0",
        };
        return options;
    }
}
