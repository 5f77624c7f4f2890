using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice.Hosting;

/// <summary>Looks at what the system counted, and does one small read.</summary>
internal sealed class SluiceHealthCheck(AioSystem system, SluiceHealthCheckOptions options) : IHealthCheck
{
    private const int ReadBytes = 512;
    private Task _reading = Task.CompletedTask;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        List<string> broken = [];
        List<string> doubtful = [];

        // The read first: what it brings to light is among the counts then.
        Dictionary<string, object> data = [];
        string? failure = await TryReadAsync(data, cancellationToken);
        AioStatistics statistics = system.ReadStatistics();
        Count(broken, statistics.MethodFaults, $"exceptions out of io_method {system.MethodName}");
        Count(broken, statistics.CallbackFaults, "exceptions out of callbacks");
        long failedFlushes = statistics[IoOperation.Fsync].Failures + statistics[IoOperation.Fdatasync].Failures;
        Count(broken, failedFlushes, "failed flushes (their files are poisoned; reopen them and recover)");
        Count(doubtful, statistics.StaleCompletions, $"completions that io_method {system.MethodName} delivered twice or too late");
        Count(doubtful, statistics.RefusedByMethod, $"I/Os that io_method {system.MethodName} did not take");
        foreach (IoMethodPlugin plugin in system.Catalog.Plugins)
        {
            if (plugin.State == PluginState.Leaked) doubtful.Add($"plugin {plugin.Name} leaked: {plugin.Reason}");
        }

        data["method"] = system.MethodName;
        data["in_flight"] = statistics.HandlesInFlight;
        data["method_faults"] = statistics.MethodFaults;
        data["callback_faults"] = statistics.CallbackFaults;
        data["stale_completions"] = statistics.StaleCompletions;
        data["refused"] = statistics.RefusedByMethod;
        if (system.PassedOver.Count > 0) data["passed_over"] = string.Join("; ", system.PassedOver);
        if (failure is not null) broken.Add(failure);

        if (broken.Count > 0)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, string.Join("; ", broken.Concat(doubtful)), data: data);
        }

        return doubtful.Count > 0
            ? HealthCheckResult.Degraded(string.Join("; ", doubtful), data: data)
            : HealthCheckResult.Healthy($"io_method {system.MethodName} works", data);
    }

    private static void Count(List<string> lines, long count, string what)
    {
        if (count > 0) lines.Add($"{what}: {count}");
    }

    private async Task<string?> TryReadAsync(Dictionary<string, object> data, CancellationToken cancellationToken)
    {
        bool reachesOwnFile = ReferenceEquals(system.FileSystem, IoFileSystem.OperatingSystem) && system.MethodCapabilities.HandlesOsFiles;
        string? path = options.Path ?? (reachesOwnFile ? Environment.ProcessPath : null);
        if (path is null)
        {
            data["read"] = "not tried: no file was given";
            return null;
        }

        // A read that never came back holds a handle: no second one is added to it.
        Task reading = _reading;
        if (reading.IsCompleted) _reading = reading = ReadAsync(path);
        try
        {
            await reading.WaitAsync(options.Timeout, system.TimeProvider, cancellationToken);
            data["read"] = $"{ReadBytes} bytes of {path}";
            return null;
        }
        catch (TimeoutException)
        {
            data["read"] = "did not complete";
            return $"a read of {ReadBytes} bytes of {path} has not completed after {options.Timeout.TotalSeconds} s";
        }
        catch (Exception exception) when (exception is AioException or ObjectDisposedException)
        {
            data["read"] = "failed";
            return exception.Message;
        }
    }

    private async Task ReadAsync(string path)
    {
        await using AioFile file = await AioFile.OpenAsync(system, path).ConfigureAwait(false);
        await file.ReadAsync(new byte[ReadBytes], 0).ConfigureAwait(false);
    }
}
