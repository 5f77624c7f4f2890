namespace Sluice.Storage.Tests.Support;

/// <summary>
/// Makes whoever judges a page that is not as it should be stand still within the shared callback, the first time: after the raw result
/// is there, and before anybody is told. An injected stall stands before that, in the method.
/// </summary>
internal sealed class CompletionStall : IDisposable
{
    private readonly BufferPool _pool;
    private readonly ManualResetEventSlim _isReached = new();
    private readonly ManualResetEventSlim _goesOn = new();
    private readonly List<Task> _tasks = [];

    internal CompletionStall(BufferPool pool)
    {
        _pool = pool;
        pool.Warning += Stall;
    }

    internal void WaitUntilStalled() => Assert.True(_isReached.Wait(StorageRig.Watchdog), "No completion was judged.");

    internal void Release() => _goesOn.Set();

    /// <summary>What stands still, or waits for what does: over before the sessions that it uses are, also when the test has failed.</summary>
    internal Task<T> Until<T>(Task<T> task)
    {
        _tasks.Add(task);
        return task;
    }

    public void Dispose()
    {
        _pool.Warning -= Stall;
        Release();
        foreach (Task task in _tasks) Task.WaitAny([task], StorageRig.Watchdog);
    }

    private void Stall(StorageWarning warning)
    {
        _isReached.Set();
        Assert.True(_goesOn.Wait(StorageRig.Watchdog), "Nobody let the completion go on.");
    }
}
