namespace Sluice.Tool.Bench;

/// <summary>
/// The time that is measured: workers run before it to warm up, count while it is open, and end when it is over. Workers read
/// one field per operation.
/// </summary>
internal sealed class Window : IDisposable
{
    private readonly ManualResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _phase;
    private volatile Exception? _failure;

    /// <summary>Whether workers go on issuing operations.</summary>
    internal bool IsRunning => _phase < 2;

    /// <summary>Whether completed operations count.</summary>
    internal bool IsMeasuring => _phase == 1;

    /// <summary>What made a worker fail; null when none did.</summary>
    internal Exception? Failure => _failure;

    /// <summary>Begins to count.</summary>
    internal void Open() => _phase = 1;

    /// <summary>Ends the run.</summary>
    internal void Close()
    {
        _phase = 2;
        _wake.Set();
        _ended.TrySetResult();
    }

    /// <summary>Ends the run because a worker failed. The first failure stays.</summary>
    internal void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        Close();
    }

    /// <summary>Sleeps. Allocates nothing, because what is allocated meanwhile is measured.</summary>
    /// <returns>False when the run ended before the time was up.</returns>
    internal bool Sleep(TimeSpan time) => !_wake.WaitOne(time);

    /// <summary>Lets time pass without holding a thread: what is measured is so much time, and no event tells its end.</summary>
    /// <returns>False when the run ended, or was stopped, before the time was up.</returns>
    internal async Task<bool> PassAsync(TimeSpan time, CancellationToken cancellationToken = default)
    {
        await _ended.Task.WaitAsync(time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return !_ended.Task.IsCompleted && !cancellationToken.IsCancellationRequested;
    }

    public void Dispose() => _wake.Dispose();
}
