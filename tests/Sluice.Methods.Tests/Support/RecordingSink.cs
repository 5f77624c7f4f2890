namespace Sluice.Methods.Tests.Support;

/// <summary>Remembers what was delivered per slot, without allocating. The token of a request is its slot here.</summary>
internal sealed class RecordingSink(int slots) : IoCompletionSink
{
    private readonly int[] _deliveries = new int[slots];
    private readonly IoCompletion[] _last = new IoCompletion[slots];
    private readonly int[] _threads = new int[slots];
    private long _total;

    internal long Total => Volatile.Read(ref _total);

    /// <summary>Runs at each delivery, on the delivering thread, before it is recorded.</summary>
    internal Action<IoCompletion>? Delivering { get; set; }

    internal int DeliveriesOf(int slot) => Volatile.Read(ref _deliveries[slot]);

    internal IoCompletion Last(int slot) => _last[slot];

    internal int ThreadOf(int slot) => _threads[slot];

    public override void Complete(ReadOnlySpan<IoCompletion> completions)
    {
        foreach (ref readonly IoCompletion completion in completions)
        {
            Delivering?.Invoke(completion);
            int slot = (int)completion.Token;
            _last[slot] = completion;
            _threads[slot] = Environment.CurrentManagedThreadId;
            Interlocked.Increment(ref _deliveries[slot]);
            Interlocked.Increment(ref _total);
        }
    }

    internal void WaitForTotal(long total) => Watchdog.Until(() => Total >= total, $"{total} deliveries (there are {Total})");

    internal IoCompletion WaitFor(int slot, int deliveries = 1)
    {
        Watchdog.Until(() => DeliveriesOf(slot) >= deliveries, $"delivery {deliveries} of slot {slot}");
        return Last(slot);
    }
}
