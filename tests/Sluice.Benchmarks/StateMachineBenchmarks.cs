using BenchmarkDotNet.Attributes;

namespace Sluice.Benchmarks;

/// <summary>Generated transitions against bare writes to a field.</summary>
public class StateMachineBenchmarks
{
    private const int Repeats = 1000;
    private Door _door;
    private int _field;

    [Benchmark(Baseline = true, OperationsPerInvoke = 2 * Repeats)]
    public int BareField()
    {
        for (int count = 0; count < Repeats; count++)
        {
            Volatile.Write(ref _field, 1);
            Interlocked.CompareExchange(ref _field, 0, 1);
        }

        return _field;
    }

    [Benchmark(OperationsPerInvoke = 2 * Repeats)]
    public DoorState Transitions()
    {
        for (int count = 0; count < Repeats; count++)
        {
            _door.Open();
            _door.Close();
        }

        return _door.Value;
    }
}
