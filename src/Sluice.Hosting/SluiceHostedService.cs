using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sluice.Hosting;

/// <summary>
/// Makes the system before any other service of the host starts, so that a method that cannot be had stops the start; and ends
/// it after all of them have stopped, so that whoever issues I/O has had the chance to end by itself.
/// </summary>
internal sealed class SluiceHostedService(IServiceProvider services, ILogger<AioSystem> logger) : IHostedLifecycleService
{
    private const int RowsLoggedMax = 8;
    private AioSystem? _system;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _system = services.GetRequiredService<AioSystem>();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_system is not { } system) return;
        Task? disposing = null;
        try
        {
            // Flows that still use a context of their own can go on until nothing is in flight; only then it is taken from them.
            await system.DrainAsync(cancellationToken);
            disposing = system.DisposeAsync().AsTask();
            await disposing.WaitAsync(cancellationToken);
            SluiceLog.Stopped(logger);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Report(system);
            Abandon(disposing ?? system.DisposeAsync().AsTask());
        }
    }

    private static bool IsInFlight(AioHandleState state) =>
        state is AioHandleState.Staged or AioHandleState.Submitted or AioHandleState.CompletedIo;

    private void Report(AioSystem system)
    {
        AioHandleInfo[] rows = [.. system.Snapshot().Where(static row => IsInFlight(row.State))];
        string shown = string.Join("; ", rows.Take(RowsLoggedMax).Select(Describe));
        SluiceLog.LeftInFlight(logger, rows.Length, rows.Length > RowsLoggedMax ? shown + "; and others" : shown);
    }

    private static string Describe(AioHandleInfo row) =>
        AioReport.Attempt(row.Operation, row.OffsetBytes, row.LengthBytes, row.Description) + $" ({row.State}, context {row.ContextName})";

    // The process is about to end. The system goes on waiting in the background, because the memory of what is in flight must
    // stay; whoever disposes it again, such as the host's services, does not wait.
    private void Abandon(Task disposing) => _ = disposing.ContinueWith(
        task => SluiceLog.StopFailed(logger, task.Exception!),
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted,
        TaskScheduler.Default);
}
