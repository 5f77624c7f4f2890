namespace Sluice.Storage;

/// <summary>
/// Calls that have no asynchronous form (opening, lengths, names): on a thread of the pool, or on the caller's when the namespace is
/// memory and answers at once, so that a run on the simulated disk stays on its loop.
/// </summary>
internal static class BlockingWork
{
    internal static Task RunAsync(AioSystem system, Action work, CancellationToken cancellationToken = default)
    {
        if (!system.FileSystem.IsNonBlocking) return Task.Run(work, cancellationToken);
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled(cancellationToken);
        try
        {
            work();
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    internal static Task<T> RunAsync<T>(AioSystem system, Func<T> work, CancellationToken cancellationToken = default)
    {
        if (!system.FileSystem.IsNonBlocking) return Task.Run(work, cancellationToken);
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);
        try
        {
            return Task.FromResult(work());
        }
        catch (Exception exception)
        {
            return Task.FromException<T>(exception);
        }
    }
}
