using BenchmarkDotNet.Attributes;
using Sluice.Methods;

namespace Sluice.Benchmarks;

/// <summary>Waiting for what is over already, and for what is not.</summary>
public class WaitBenchmarks : IDisposable
{
    private const int Repeats = 1000;
    private NullSystem _null = null!;
    private AioContext _context = null!;
    private AioLoop _loop = null!;
    private AioBuffer _buffer = null!;
    private WaitReference _over;

    [GlobalSetup]
    public void SetUp()
    {
        _null = new NullSystem();
        _context = _null.System.CreateContext();
        _loop = _null.System.CreateLoop();
        _buffer = _null.Arena.Rent();
        AioHandle handle = _context.Acquire();
        _over = handle.Reference;
        handle.SetVector(new IoVector(_buffer.Address, (nuint)_buffer.LengthBytes));
        handle.StartRead(_null.File.File, offsetBytes: 0);
        _context.Wait(_over);
    }

    /// <summary>A task that is complete: what awaiting costs at all.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Repeats)]
    public async Task AwaitCompletedTask()
    {
        for (int count = 0; count < Repeats; count++) await ValueTask.CompletedTask;
    }

    [Benchmark(OperationsPerInvoke = Repeats)]
    public async Task AwaitWhatIsOver()
    {
        for (int count = 0; count < Repeats; count++) await _over.WaitAsync();
    }

    [Benchmark(OperationsPerInvoke = Repeats)]
    public bool BlockForWhatIsOver()
    {
        bool isOver = true;
        for (int count = 0; count < Repeats; count++) isOver &= _over.Wait();
        return isOver;
    }

    /// <summary>On a loop an I/O is only staged when it is awaited, so that every await suspends.</summary>
    [Benchmark(OperationsPerInvoke = Repeats)]
    public void AwaitPendingReadOnLoop() => _loop.InvokeAsync(ReadOnLoopAsync).GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Dispose()
    {
        _buffer.Return();
        _loop.Dispose();
        _context.Dispose();
        _null.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task ReadOnLoopAsync()
    {
        for (int count = 0; count < Repeats; count++) await _null.File.ReadAsync(_buffer.Memory, 0);
    }
}
