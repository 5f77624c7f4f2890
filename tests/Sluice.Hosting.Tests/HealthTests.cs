using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sluice.Hosting.Tests.Support;

namespace Sluice.Hosting.Tests;

/// <summary>The health check tells a method that works, one that broke its contract, and one that does not answer.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task AMethodThatReadsIsHealthy()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Equal("io_method scripted works", entry.Description);
        Assert.StartsWith("512 bytes of ", entry.Data["read"].ToString(), StringComparison.Ordinal);
        Assert.Equal(1, host.System.ReadStatistics()[Methods.IoOperation.Read].Operations);
    }

    [Fact]
    public async Task AutoThatPassedMethodsOverIsHealthyAndSaysSo()
    {
        await using TestHost host = new();
        await host.StartAsync();
        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Equal(host.System.PassedOver.Count > 0, entry.Data.ContainsKey("passed_over"));
    }

    [Fact]
    public async Task AReadThatDoesNotComeBackIsUnhealthyAndNotRepeated()
    {
        await using TestHost host = new(
            [("Sluice:Method", "scripted")],
            static sluice => sluice.ScanAssemblyOf<Script>(),
            healthTimeout: TimeSpan.FromMilliseconds(50));
        await host.StartAsync();
        host.Script.Stalls = true;
        for (int round = 0; round < 2; round++)
        {
            HealthReportEntry entry = await host.CheckHealthAsync();
            Assert.Equal(HealthStatus.Unhealthy, entry.Status);
            Assert.Contains("has not completed after 0.05 s", entry.Description, StringComparison.Ordinal);
        }

        Assert.Equal(1, host.Script.HeldCount);
    }

    [Fact]
    public async Task AMethodThatThrewIsUnhealthy()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        host.Script.Throws = true;
        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        host.Script.Throws = false;
        entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.StartsWith("exceptions out of io_method scripted: 1", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACallbackThatThrewIsUnhealthy()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        using TestFile path = new();
        using (AioContext context = host.System.CreateContext())
        using (BufferArena arena = host.System.CreateArena(4096, 1))
        using (IoFile file = host.System.FileSystem.Open(path.Path, new IoOpenOptions()))
        using (AioBuffer buffer = arena.Rent())
        {
            AioHandle handle = context.Acquire();
            new TestTarget(1).StartRead(handle, file, 0, new Methods.IoVector(buffer.Address, 4096));
            while (context.WaitForAny())
            {
            }
        }

        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Equal("exceptions out of callbacks: 1", entry.Description);
        Assert.Contains(host.Log.Lines, static line => line.Id.Id == 5 && line.Text.Contains("hosting throwing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AFailedFlushIsUnhealthy()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        host.Script.FailsFlush = true;
        using TestFile path = new();
        await using (AioFile file = await AioFile.OpenAsync(host.System, path.Path, new IoOpenOptions { Access = IoAccess.ReadWrite }))
        {
            await Assert.ThrowsAsync<AioException>(async () => await file.FlushAsync());
        }

        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Equal("failed flushes (their files are poisoned; reopen them and recover): 1", entry.Description);
    }

    [Fact]
    public async Task AMethodThatCompletesTwiceIsDegraded()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        host.Script.CompletesTwice = true;
        await host.CheckHealthAsync();
        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("completions that io_method scripted delivered twice or too late", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMethodThatRefusesIsDegraded()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        host.Script.Refuses = true;
        await host.CheckHealthAsync();
        HealthReportEntry entry = await host.CheckHealthAsync();
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("I/Os that io_method scripted did not take", entry.Description, StringComparison.Ordinal);
    }
}
