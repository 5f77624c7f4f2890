using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sluice.Hosting.Tests.Support;

/// <summary>A host with Sluice in it, and what a test wants to see of it.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly IHost _host;

    /// <summary>Builds a host. Values are the configuration's, such as <c>Sluice:Method</c>.</summary>
    internal TestHost(
        IEnumerable<(string Key, string? Value)>? values = null,
        Action<SluiceBuilder>? configure = null,
        Action<IServiceCollection>? services = null,
        TimeSpan? healthTimeout = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection((values ?? []).Select(static value => KeyValuePair.Create(value.Key, value.Value)));
        builder.Logging.AddProvider(Log);
        builder.Services.AddSingleton(Script);
        services?.Invoke(builder.Services);
        SluiceBuilder sluice = builder.Services.AddSluice();
        configure?.Invoke(sluice);
        builder.Services.AddHealthChecks().AddSluice(configure: options => options.Timeout = healthTimeout ?? TimeSpan.FromSeconds(30));
        _host = builder.Build();
    }

    internal Script Script { get; } = new();

    internal RecordingLog Log { get; } = new();

    internal IServiceProvider Services => _host.Services;

    internal AioSystem System => _host.Services.GetRequiredService<AioSystem>();

    /// <summary>A host that uses the scripted method, started.</summary>
    internal static async Task<TestHost> StartScriptedAsync()
    {
        TestHost host = new([("Sluice:Method", "scripted")], static sluice => sluice.ScanAssemblyOf<Script>());
        await host.StartAsync();
        return host;
    }

    internal Task StartAsync() => _host.StartAsync();

    internal Task StopAsync(CancellationToken cancellationToken = default) => _host.StopAsync(cancellationToken);

    internal async Task<HealthReportEntry> CheckHealthAsync()
    {
        HealthReport report = await _host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return report.Entries["sluice"];
    }

    public async ValueTask DisposeAsync()
    {
        Script.Release();
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else _host.Dispose();
    }
}
