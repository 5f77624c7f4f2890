using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Hosting.Tests.Support;
using Sluice.Methods;

namespace Sluice.Hosting.Tests;

/// <summary>The system is made when the host starts, before everything else, or the host does not start.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    [InlineData("auto")]
    public async Task AHostStartsWithEachMethodAndReads(string method)
    {
        using TestFile file = new();
        await using TestHost host = new([("Sluice:Method", method)]);
        try
        {
            await host.StartAsync();
        }
        catch (IoMethodException refusal) when (method == "io_uring")
        {
            // A kernel that has no io_uring or forbids it: then the host must say so in one line.
            Assert.StartsWith("io_method 'io_uring' cannot be used: ", refusal.Message, StringComparison.Ordinal);
            return;
        }

        if (method != "auto") Assert.Equal(method, host.System.MethodName);
        await using (AioFile open = await AioFile.OpenAsync(host.System, file.Path))
        {
            byte[] bytes = new byte[8192];
            Assert.Equal(8192, await open.ReadAsync(bytes, 0));
            Assert.All(bytes, static value => Assert.Equal(7, value));
        }

        await host.StopAsync();
        Assert.Contains(host.Log.Lines, static line => line.Id.Id == 1 && line.Level == LogLevel.Information);
        Assert.Equal(6, host.Log.Lines[^1].Id.Id);
    }

    [Fact]
    public async Task AnUnknownMethodFailsTheStartWithOneLine()
    {
        await using TestHost host = new([("Sluice:Method", "io_urine")]);
        IoMethodException exception = await Assert.ThrowsAsync<IoMethodException>(host.StartAsync);
        Assert.StartsWith(
            "io_method 'io_urine' is not known; known: io_uring (discovered), sync (discovered), worker (discovered)",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public async Task ASettingThatTheMethodRefusesFailsTheStartWithOneLine()
    {
        await using TestHost host = new([("Sluice:Method", "worker"), ("Sluice:MethodSettings:worker:max_workers", "no")]);
        IoMethodException exception = await Assert.ThrowsAsync<IoMethodException>(host.StartAsync);
        Assert.Equal(
            "io_method 'worker' cannot be used: Setting 'max_workers' is 'no': give a whole number from 1 to 32.", exception.Message);
    }

    [Fact]
    public async Task ThePassedOverMethodsAreLoggedWithTheirReasons()
    {
        string directory = Directory.CreateTempSubdirectory("sluice-hosting-").FullName;
        try
        {
            // Only sync is there, so that auto has to pass over the two that it prefers.
            Directory.CreateDirectory(Path.Combine(directory, "sync"));
            foreach (string path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "io_methods", "sync")))
            {
                File.Copy(path, Path.Combine(directory, "sync", Path.GetFileName(path)));
            }

            await using TestHost host = new([("Sluice:PluginDirectories:0", directory)]);
            await host.StartAsync();
            Assert.Equal("sync", host.System.MethodName);
            Assert.Equal(
                [
                    "io_method auto passed over io_uring: there is no such plugin",
                    "io_method auto passed over worker: there is no such plugin",
                ],
                host.Log.Lines.Where(
                    static line => line.Id.Id == 2 && line.Level == LogLevel.Information).Select(static line => line.Text));
            await host.StopAsync();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task SettingsForAMethodThatIsNotThereAreAWarning()
    {
        await using TestHost host = new([("Sluice:Method", "sync"), ("Sluice:MethodSettings:workr:max_workers", "4")]);
        await host.StartAsync();
        (LogLevel level, _, string text) = Assert.Single(host.Log.Lines, static line => line.Id.Id == 3);
        Assert.Equal(LogLevel.Warning, level);
        Assert.StartsWith("Sluice:MethodSettings:workr is for an io_method that this host does not have", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSystemIsThereBeforeOtherServicesStart()
    {
        StartedEarlier earlier = null!;
        await using TestHost host = new(
            [("Sluice:Method", "nothing")], services: services => services.AddHostedService(provider => earlier = new StartedEarlier()));
        await Assert.ThrowsAsync<IoMethodException>(host.StartAsync);
        Assert.False(earlier.Started);
    }

    [Fact]
    public async Task WarningsOfTheSystemAreLogged()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        using (AioContext context = host.System.CreateContext("careless"))
        {
            context.EnterBatch();
        }

        (LogLevel level, _, string text) = Assert.Single(host.Log.Lines, static line => line.Id.Id == 4);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("careless", text, StringComparison.Ordinal);
    }

    private sealed class StartedEarlier : IHostedService
    {
        public bool Started { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Started = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
