using System.Diagnostics;
using System.Globalization;
using Sluice.Conformance.Support;

namespace Sluice.Conformance.Tests;

/// <summary>
/// What the system refuses has a reason that says what to do; <c>auto</c> goes on with what works, a method that was named does not.
/// </summary>
public sealed class RefusalTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public RefusalTests()
    {
        byte[] content = new byte[4 * Pattern.BlockBytes];
        Pattern.Fill(content, 0);
        File.WriteAllBytes(_path, content);
    }

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WhenTheKernelRefusesIoUringAutoGoesOnWithWorkerAndSaysWhy()
    {
        if (!OperatingSystem.IsLinux()) return;
        string said = RunChild("refused", "auto");
        Assert.Contains("method: worker", said);
        Assert.Contains("passed over: io_uring: ", said);
        Assert.Contains("EPERM", said);
        Assert.Contains("read: 8192, right", said);
    }

    [Fact]
    public void WhenTheKernelRefusesIoUringTheNamedMethodFailsWithTheReason()
    {
        if (!OperatingSystem.IsLinux()) return;
        string said = RunChild("refused", "io_uring");
        Assert.Contains("refused: io_method 'io_uring' cannot be used: ", said);
        Assert.Contains("EPERM", said);
        Assert.Contains("io_uring_setup", said);
    }

    [Fact]
    public void WithTooFewDescriptorsIoUringFailsWithTheReason()
    {
        if (!OperatingSystem.IsLinux() || !IoUringWorksHere()) return;

        // Enough for the trial; not for a ring per context.
        string said = RunChild("few-files", "io_uring", left: 3);
        Assert.Contains("EMFILE", said);
        Assert.Contains("ulimit -n", said);
    }

    // The trial succeeds, so auto chose io_uring; that its rings then find no room is told like any other refusal.
    [Fact]
    public void WithTooFewDescriptorsForTheRingsAutoSaysSo()
    {
        if (!OperatingSystem.IsLinux() || !IoUringWorksHere()) return;
        string said = RunChild("few-files", "auto", left: 3);
        Assert.Contains("refused: ", said);
        Assert.Contains("EMFILE", said);
        Assert.Contains("ulimit -n", said);
    }

    [Fact]
    public void WithLittleLockedMemoryBuffersAreNotRegisteredAndEverythingWorks()
    {
        if (!OperatingSystem.IsLinux() || !IoUringWorksHere()) return;
        string said = RunChild("little-locked-memory", "io_uring");
        if (said.Contains("refused: ", StringComparison.Ordinal))
        {
            // Before 5.12 the rings themselves count as locked memory.
            Assert.Contains("ulimit -l", said);
            return;
        }

        Assert.Contains("registered: False", said);
        Assert.Contains("registrations refused", said);
        Assert.Contains("ulimit -l", said);
        Assert.Contains("read: 8192, right", said);
    }

    // The portable part: a method of that name whose probe refuses.
    [Fact]
    public void AutoPassesOverAMethodWhoseProbeRefuses()
    {
        IoMethodCatalog catalog = new();
        catalog.Add("io_uring", new RefusingFactory("the moon is full: wait a day"));
        catalog.Add(
            "worker", ConformanceMethod.LoadFactory(Path.Combine(IoMethodCatalog.DefaultDirectory, "worker", "Sluice.Methods.Worker.dll")));
        using var system = AioSystem.Start(new AioSystemOptions { Catalog = catalog });
        Assert.Equal("worker", system.MethodName);
        Assert.Equal("io_uring: the moon is full: wait a day", Assert.Single(system.PassedOver));
        IoMethodException refusal = Assert.Throws<IoMethodException>(
            () => AioSystem.Start(new AioSystemOptions { Catalog = catalog, Method = "io_uring" }));
        Assert.Equal("io_method 'io_uring' cannot be used: the moon is full: wait a day", refusal.Message);
    }

    [Fact]
    public void APluginOfAnotherContractIsRefusedWithBothVersions()
    {
        IoMethodException refusal = Assert.Throws<IoMethodException>(
            () => AioSystem.Start(new AioSystemOptions { Method = "wrong_contract" }));
        Assert.Contains("contract 99.0", refusal.Message);
        Assert.Contains($"{IoContract.Major}.{IoContract.Minor}", refusal.Message);
        Assert.Null(AppDomain.CurrentDomain.GetData("Sluice.TestPlugins.WrongContract.Ran"));
    }

    [Fact]
    public async Task APluginThatLeaksIsCalledSoAndTheSwitchStillHolds()
    {
        await using var system = AioSystem.Start(new AioSystemOptions { Method = "leaky", UnloadTimeout = TimeSpan.FromMilliseconds(100) });
        Assert.False(await system.SwitchMethodAsync("sync"));
        IoMethodPlugin plugin = system.Catalog.Get("leaky");
        Assert.Equal(PluginState.Leaked, plugin.State);
        Assert.Contains("still there", plugin.Reason);
        await using AioFile file = AioFile.Open(system, _path);
        byte[] buffer = new byte[Pattern.BlockBytes];
        Assert.Equal(Pattern.BlockBytes, await file.ReadAsync(buffer, 0));
        Pattern.Check(buffer, 0);
    }

    private static bool IoUringWorksHere() =>
        new IoMethodCatalog().Discover().Get("io_uring").Probe(new IoMethodSettings { ContextsMax = 2, HandlesPerContext = 8 }).IsAvailable;

    private string RunChild(string scenario, string method, int left = 0)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "exec", typeof(Program).Assembly.Location, scenario, method, _path, left.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        Task<string> said = child.StandardOutput.ReadToEndAsync();
        if (!child.WaitForExit(Watchdog.Patience))
        {
            child.Kill();
            Assert.Fail($"The child process hangs. It said: {said.Result}");
        }

        Assert.True(child.ExitCode == 0, $"The child process failed: {errors.Result}{said.Result}");
        return said.Result;
    }

    private sealed class RefusingFactory(string reason) : IIoMethodFactory
    {
        public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Unavailable(reason);

        public IoMethod Create(IoMethodSettings settings) => throw new IoMethodException(reason);
    }
}
