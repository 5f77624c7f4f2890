using System.Runtime.ExceptionServices;

namespace Sluice.Tests;

/// <summary>A thread whose failure is the test's failure, not the end of the process.</summary>
internal sealed class TestThread
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    internal TestThread(Action action) => _thread = new Thread(() =>
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    })
    { IsBackground = true };

    internal void Start() => _thread.Start();

    internal void Join()
    {
        Assert.True(_thread.Join(TestSystem.Watchdog), "A thread hangs.");
        _failure?.Throw();
    }
}
