using Sluice.Methods;

namespace Sluice;

/// <summary>
/// The one thread that drives contexts for code that awaits. Sleeps in the method while nothing is watched; exists only while a
/// driven method is in use.
/// </summary>
internal sealed class Poller
{
    private readonly AioSystem _system;
    private readonly IoMethod _method;
    private readonly Thread _thread;
    private volatile bool _isStopping;

    internal Poller(AioSystem system, IoMethod method)
    {
        _system = system;
        _method = method;
        _thread = new Thread(Run) { IsBackground = true, Name = "sluice-poller" };
        _thread.Start();
    }

    /// <summary>Stops the thread and waits until it has ended. Not from a completion.</summary>
    internal void Stop()
    {
        _isStopping = true;
        _method.WakeReadyWaiter();
        _thread.Join();
    }

    private void Run()
    {
        int[] ready = new int[64];
        while (!_isStopping)
        {
            try
            {
                int count = _method.WaitForReady(ready, Timeout.Infinite);
                for (int index = 0; index < count; index++) _system.ContextById(ready[index])?.OnReady();
            }
            catch (Exception exception)
            {
                // The thread goes on: everybody who awaits depends on it. A method that always throws is seen in the fault count.
                _system.ReportMethodFault(exception);
                Thread.Yield();
            }
        }
    }
}
