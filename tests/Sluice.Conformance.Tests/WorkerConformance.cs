using System.Globalization;
using Sluice.Conformance.Support;

namespace Sluice.Conformance.Tests;

/// <summary>The suite for the io_method worker, and group P: its pool.</summary>
public sealed class WorkerConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Plugin("worker", "Sluice.Methods.Worker");

    private static readonly Dictionary<string, string> s_quick = new()
    {
        ["min_workers"] = "1",
        ["max_workers"] = "32",
        ["worker_idle_timeout_milliseconds"] = "0",
        ["worker_launch_interval_milliseconds"] = "0",
    };

    // P1, P2
    [Theory]
    [InlineData("min_workers", "0")]
    [InlineData("max_workers", "33")]
    [InlineData("max_workers", "many")]
    public void AnOutOfRangeBoundIsRefusedAndTheValueStays(string setting, string value) => Run(run =>
    {
        string before = Describe(run.System, setting);
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => run.System.ChangeMethodSetting(setting, value));
        Assert.Contains("give a whole number from 1 to 32", refusal.Message);
        Assert.Equal(before, Describe(run.System, setting));
    });

    // P3
    [Fact]
    public void TheNumberOfWorkersConvergesToTheBounds() => Run(run =>
    {
        AioSystem system = run.Start(static options => options.MethodSettings["worker"] = s_quick);
        foreach (int count in (int[])[1, 32, 7, 19, 2])
        {
            string text = count.ToString(CultureInfo.InvariantCulture);

            // Never a minimum above the maximum on the way.
            if (count >= int.Parse(Describe(system, "max_workers"), CultureInfo.InvariantCulture))
            {
                system.ChangeMethodSetting("max_workers", text);
            }

            system.ChangeMethodSetting("min_workers", "1");
            system.ChangeMethodSetting("max_workers", text);
            system.ChangeMethodSetting("min_workers", text);
            Assert.Equal(text, Describe(system, "min_workers"));
            Assert.Equal(text, Describe(system, "max_workers"));
            Watchdog.Until(
                () => Describe(system, "workers") == text, $"there are exactly {text} workers, not {Describe(system, "workers")}");
        }
    });

    // P4: a worker of a process cannot be killed; what comes nearest is a file that throws into it.
    [Fact]
    public void AWorkerThatMetAnExceptionIsStillThere() => Run(run =>
    {
        AioSystem system = run.Start(static options => options.MethodSettings["worker"] = s_quick);
        system.ChangeMethodSetting("min_workers", "4");
        system.ChangeMethodSetting("max_workers", "4");
        using ScriptedFile file = new(static _ => throw new FormatException("thrown into a worker"));
        NativeBlock memory = run.Allocate(1);
        using (AioContext context = system.CreateContext())
        {
            for (int round = 0; round < 100; round++) Layer.Blocks.Read(context, file, 0, memory);
        }

        Watchdog.Until(() => Describe(system, "workers") == "4", "the number of workers is what was asked for");
        IoFile sound = run.CreateFile(1);
        using AioContext next = system.CreateContext();
        Assert.True(next.Wait(Layer.Blocks.Read(next, sound, 0, memory)));
        run.CheckContent(memory.Span, 0);
    });

    private static string Describe(AioSystem system, string name) => system.DescribeMethod().Single(pair => pair.Key == name).Value;
}
