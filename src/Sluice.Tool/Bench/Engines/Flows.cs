namespace Sluice.Tool.Bench.Engines;

/// <summary>Threads that run one flow each and report their failures to the window.</summary>
/// <param name="window">Where failures go.</param>
/// <param name="count">How many.</param>
/// <param name="flow">What each does, given its number.</param>
internal sealed class Flows(Window window, int count, Action<int> flow)
{
    private readonly Thread[] _threads = new Thread[count];

    internal void Start()
    {
        for (int index = 0; index < count; index++)
        {
            int number = index;
            _threads[index] = new Thread(() => Run(number)) { IsBackground = true, Name = $"bench-{number}" };
        }

        foreach (Thread thread in _threads) thread.Start();
    }

    internal void Join()
    {
        foreach (Thread thread in _threads) thread?.Join();
    }

    private void Run(int number)
    {
        try
        {
            flow(number);
        }
        catch (Exception exception)
        {
            window.Fail(exception);
        }
    }
}
