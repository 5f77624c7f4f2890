using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>The method of a running system is changed, to and from the one under test, and nothing is lost.</summary>
public abstract partial class IoMethodConformance
{
    [Fact]
    public void TheMethodIsSwitchedUnderLoadAndNothingIsLost() => RunAsync(async run =>
    {
        const int Blocks = 64;
        AioSystem system = StartWithOthers(run, out string[] methods);
        bool hasOsFiles = run.HasOsFiles;
        await using AioFile file = AioFile.Open(system, run.CreatePath(Blocks), new IoOpenOptions { Access = IoAccess.ReadWrite });
        IoFile raw = run.CreateFile(Blocks);
        bool isOver = false;
        long reads = 0;
        List<Task> flows =
        [
            .. Enumerable.Range(0, 10).Select(flow => Task.Run(() => ReadAndVerifyAsync(flow))),
            .. Enumerable.Range(0, 4).Select(flow => ConformanceRun.OnThread(() => ReadBlocking(flow))),
        ];
        using AioLoop loop = system.CreateLoop();
        for (int flow = 0; flow < 2; flow++)
        {
            int number = flow;
            flows.Add(loop.InvokeAsync(() => ReadAndVerifyAsync(number)));
        }

        for (int round = 0; round < 9; round++)
        {
            string name = methods[round % methods.Length];
            long before = Volatile.Read(ref reads);
            string former = system.MethodName;
            bool isUnloaded = await system.SwitchMethodAsync(name).WaitAsync(Watchdog.Patience);

            // A method's own files outlive it as long as they are open, and so does its plugin.
            if (hasOsFiles || former != run.Method.Name) Assert.True(isUnloaded, string.Join("; ", system.Catalog.Plugins));
            Assert.Equal(name, system.MethodName);
            Watchdog.Until(
                () => Volatile.Read(ref reads) > before + 50 || flows.Any(static flow => flow.IsFaulted), $"reads go on under {name}");
        }

        Volatile.Write(ref isOver, true);
        foreach (Task flow in flows) Watchdog.Wait(flow, "each flow ends");
        Assert.Equal(0, system.ReadStatistics()[IoOperation.Read].Failures);
        Assert.Equal(0, system.ReadStatistics().MethodFaults);

        async Task ReadAndVerifyAsync(int flow)
        {
            byte[] buffer = new byte[Pattern.BlockBytes];
            for (int round = flow; !Volatile.Read(ref isOver) && !run.IsAbandoned; round++)
            {
                // Reads that complete at once would keep a thread of the pool for ever, and the pool adds none while the processors are
                // busy: nobody would be left to go on with the switch.
                await Task.Yield();
                long offset = (long)(round % Blocks) * Pattern.BlockBytes;
                Assert.Equal(Pattern.BlockBytes, await file.ReadAsync(buffer, offset));
                if (run.Method.TransfersData) Pattern.Check(buffer, offset);
                if (round % 7 == 0) await file.WriteAsync(buffer, offset, round % 70 == 0 ? AioDurability.FlushAfter : AioDurability.None);
                Interlocked.Increment(ref reads);
            }
        }

        void ReadBlocking(int flow)
        {
            using AioContext context = system.CreateContext();
            using NativeBlock memory = new(4 * Pattern.BlockBytes);
            for (int round = flow; !Volatile.Read(ref isOver) && !run.IsAbandoned; round += 4)
            {
                int block = round % (Blocks - 4);
                AioReturn place = new();
                WaitReference reference = Layer.Blocks.StartRead(context.Acquire(place), raw, block, 4, memory);
                if (round % 3 == 0) Assert.True(reference.Wait());
                Assert.True(context.Wait(reference));
                place.ThrowIfFailed();
                if (run.Method.TransfersData) Pattern.Check(memory.Span, (long)block * Pattern.BlockBytes);
                Interlocked.Increment(ref reads);
            }
        }
    });

    [Fact]
    public void ASwitchToWhatThereIsNotChangesNothing() => RunAsync(async run =>
    {
        await using AioFile file = AioFile.Open(run.System, run.CreatePath(1));
        IoMethodException refusal = await Assert.ThrowsAsync<IoMethodException>(() => run.System.SwitchMethodAsync("no_such_method"));
        Assert.Contains("'no_such_method' is not known", refusal.Message);
        Assert.Contains(run.Method.Name, refusal.Message);
        Assert.Equal(run.Method.Name, run.System.MethodName);
        byte[] buffer = new byte[Pattern.BlockBytes];
        Assert.Equal(Pattern.BlockBytes, await file.ReadAsync(buffer, 0));
        run.CheckContent(buffer, 0);
    });

    [Fact]
    public void ThePluginIsGoneAfterItWasSwitchedAway() => RunAsync(async run =>
    {
        if (run.Method.PluginDirectory is null) return;
        AioSystem system = StartWithOthers(run, out string[] methods);
        string other = methods.First(name => name != run.Method.Name);
        Assert.True(await system.SwitchMethodAsync(other));
        IoMethodPlugin plugin = system.Catalog.Get(run.Method.Name);
        Assert.True(plugin.State == PluginState.Unloaded, plugin.ToString());
        Assert.True(await system.SwitchMethodAsync(run.Method.Name));
        Assert.Equal(PluginState.Active, plugin.State);
    });

    /// <summary>
    /// A system with the method under test and, in turn, with what else there is; at least one method that only this process has.
    /// </summary>
    private static AioSystem StartWithOthers(ConformanceRun run, out string[] methods)
    {
        IoMethodCatalog catalog = run.Method.CreateCatalog();
        catalog.Add("plain", new PlainMethodFactory());
        string[] real = ["sync", "worker", "io_uring"];
        IoMethodSettings settings = SettingsOf(run.Method);
        methods =
        [
            .. real.Where(name =>
                name != run.Method.Name && catalog.Plugins.Any(plugin => plugin.Name == name && plugin.Probe(settings).IsAvailable)),
            "plain",
            run.Method.Name,
        ];
        TimeSpan patience = run.HasOsFiles ? new AioSystemOptions().UnloadTimeout : TimeSpan.FromMilliseconds(100);
        return run.Start(
            run.Method.Name,
            catalog,
            options =>
            {
                options.HandlesPerContext = 16;
                options.UnloadTimeout = patience;
            });
    }
}
