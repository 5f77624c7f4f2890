using BenchmarkDotNet.Attributes;

namespace Sluice.Benchmarks;

/// <summary>Generated transitions against bare writes to a field.</summary>
public class StateMachineBenchmarks
{
    private const int Repeats = 1000;
    private readonly Door[] _door = new Door[1];
    private readonly int[] _field = new int[1];

    [Benchmark(Baseline = true, OperationsPerInvoke = 2 * Repeats)]
    public int BareField()
    {
        for (int count = 0; count < Repeats; count++)
        {
            Volatile.Write(ref _field[0], 1);
            Interlocked.CompareExchange(ref _field[0], 0, 1);
        }

        return _field[0];
    }

    [Benchmark(OperationsPerInvoke = 2 * Repeats)]
    public DoorState Transitions()
    {
        for (int count = 0; count < Repeats; count++)
        {
            _door[0].Open();
            _door[0].Close();
        }

        return _door[0].Value;
    }
}
