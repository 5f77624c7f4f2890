using BenchmarkDotNet.Attributes;
using Sluice.Methods;

namespace Sluice.Benchmarks;

/// <summary>One I/O from acquire to reuse, in batches of 32, by the method that does nothing.</summary>
public class HandleCycleBenchmarks : IDisposable
{
    private NullSystem _null = null!;
    private AioContext _context = null!;
    private GenericFileTarget _target;
    private AioBuffer _buffer = null!;
    private AioReturn[] _returns = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _null = new NullSystem();
        _context = _null.System.CreateContext();
        _target = GenericFileTarget.For(_null.File.File);
        _buffer = _null.Arena.Rent();
        _returns = [.. Enumerable.Range(0, NullSystem.BatchSize).Select(static tag => new AioReturn(tag: tag))];
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = NullSystem.BatchSize)]
    public void WithoutCallback() => RunBatch(callbacks: 0);

    [Benchmark(OperationsPerInvoke = NullSystem.BatchSize)]
    public void WithOneCallback() => RunBatch(callbacks: 1);

    [Benchmark(OperationsPerInvoke = NullSystem.BatchSize)]
    public void WithFourCallbacks() => RunBatch(callbacks: 4);

    [Benchmark(OperationsPerInvoke = NullSystem.BatchSize)]
    public void OneSubmissionEach()
    {
        foreach (AioReturn place in _returns) Start(place, callbacks: 1);
        _context.WaitForAny();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _buffer.Return();
        _context.Dispose();
        _null.Dispose();
        GC.SuppressFinalize(this);
    }

    private void RunBatch(int callbacks)
    {
        using (_context.EnterBatch())
        {
            foreach (AioReturn place in _returns) Start(place, callbacks);
        }

        _context.WaitForAny();
    }

    private void Start(AioReturn place, int callbacks)
    {
        AioHandle handle = _context.Acquire(place);
        for (int count = 0; count < callbacks; count++) handle.RegisterCallback(PassingCallback.Id);
        _target.StartRead(handle, _null.File.File, offsetBytes: 0, new IoVector(_buffer.Address, (nuint)_buffer.LengthBytes));
    }
}
