using Sluice.Methods.Simulated;
using Sluice.Plugins;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>
/// Random operations of several flows on a pool of a few pages, with rings, temporary pages and checkpoints, on the simulated disk, compared with a model after every step. A run is
/// decided by its seed; one that fails is made shorter before it is shown.
/// </summary>
public sealed class PoolModelTests
{
    private const int Seeds = 400;
    private const int Steps = 120;

    [Fact]
    public void ThePoolDoesWhatTheModelSays() => Sweep(first: 1, faulty: false);

    [Fact]
    public void ThePoolDoesWhatTheModelSaysOnADiskThatFails() => Sweep(first: 10_001, faulty: true);

    [Fact]
    public void ARunRepeatsToTheLastCompletion()
    {
        List<PoolModel.Step> steps = PoolModel.Plan(77, Steps);
        Assert.Equal(Trace(77, steps), Trace(77, steps));
        Assert.NotEqual(Trace(77, steps), Trace(78, steps));
    }

    private static void Sweep(ulong first, bool faulty)
    {
        for (ulong seed = first; seed < first + Seeds; seed++)
        {
            List<PoolModel.Step> steps = PoolModel.Plan(seed, Steps);
            if (Fails(seed, steps, faulty) is not { } failure) continue;
            Shorten(seed, steps, faulty);
            string plan = string.Join(Environment.NewLine, steps);
            string shortened = Fails(seed, steps, faulty) ?? "";
            Assert.Fail($"Seed {seed} (faulty: {faulty}): {failure}{Environment.NewLine}{plan}{Environment.NewLine}{shortened}");
        }
    }

    // Halves, quarters and so on are left out as long as it fails without them.
    private static void Shorten(ulong seed, List<PoolModel.Step> steps, bool faulty)
    {
        for (int part = steps.Count / 2; part > 0; part /= 2)
        {
            for (int start = 0; start + part <= steps.Count;)
            {
                List<PoolModel.Step> shorter = [.. steps[..start], .. steps[(start + part)..]];
                if (Fails(seed, shorter, faulty) is null)
                {
                    start += part;
                    continue;
                }

                steps.Clear();
                steps.AddRange(shorter);
            }
        }
    }

    private static string? Fails(ulong seed, List<PoolModel.Step> steps, bool faulty)
    {
        try
        {
            RunOnce(seed, steps, faulty);
            return null;
        }
        catch (Exception exception)
        {
            return $"{exception.GetType().Name}: {exception.Message}{exception.StackTrace}";
        }
    }

    private static ulong Trace(ulong seed, List<PoolModel.Step> steps) => RunOnce(seed, steps, faulty: true);

    private static ulong RunOnce(ulong seed, List<PoolModel.Step> steps, bool faulty)
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed, CreatesFolders = true });
        AioSystemOptions options = new()
        {
            Method = "simulated",
            Catalog = new IoMethodCatalog(),
            HandlesPerContext = 24,
            SharedContexts = 1,
            TimeProvider = disk.Time,
        };
        options.Catalog.Add("simulated", new SimulatedMethodFactory(disk));
        using (AioSystem system = AioSystem.Start(options))
        {
            List<string> warnings = [];
            system.Warning += warning => warnings.Add(warning.Message);
            system.RunLoop(() => new PoolModel(system, disk, seed, faulty).RunAsync(steps));
            Assert.Empty(warnings);
        }

        return disk.Trace.Hash;
    }
}
