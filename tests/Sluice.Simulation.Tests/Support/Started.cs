namespace Sluice.Simulation.Tests.Support;

/// <summary>Systems on simulated disks.</summary>
internal static class Started
{
    internal static AioSystem On(SimulatedDisk disk, int handles = 32, int contexts = 4)
    {
        IoMethodCatalog catalog = new();
        catalog.Add("simulated", new SimulatedMethodFactory(disk));
        return AioSystem.Start(new AioSystemOptions
        {
            Method = "simulated",
            Catalog = catalog,
            TimeProvider = disk.Time,
            SharedContexts = 1,
            ContextsMax = contexts,
            HandlesPerContext = handles,
        });
    }

    /// <summary>Runs code on a loop of a new system. What a crash of the disk does to it is swallowed.</summary>
    internal static void Loop(SimulatedDisk disk, Func<AioSystem, Task> work)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                RunLoop(disk, work);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(120)), "The loop hangs.");
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private static void RunLoop(SimulatedDisk disk, Func<AioSystem, Task> work)
    {
        int crashes = disk.CrashCount;
        using AioSystem system = On(disk);
        try
        {
            system.RunLoop(() => work(system));
        }
        catch (AioException) when (disk.CrashCount != crashes)
        {
            // The process died in the midst of it, as the test wanted.
        }
    }

    internal static Task<AioFile> CreateAsync(AioSystem system, string path) =>
        AioFile.OpenAsync(system, path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.OpenOrCreate });

    internal static async Task<byte[]> ReadAllAsync(AioSystem system, string path)
    {
        await using AioFile file = await AioFile.OpenAsync(system, path);
        byte[] content = new byte[file.GetLength()];
        await file.ReadAsync(content, 0);
        return content;
    }

    internal static byte[] Bytes(ulong seed, int count)
    {
        byte[] bytes = new byte[count];
        new SimulatedRandom(seed).Fill(bytes);
        return bytes;
    }
}
