using BenchmarkDotNet.Attributes;
using Sluice.Storage;

namespace Sluice.Benchmarks;

/// <summary>
/// Pinning and unpinning pages that are in memory, with the look-up: on one core, and on two at different pages. The time is per pin and
/// unpin of all cores together, so two cores are twice as fast as one when they do not disturb each other.
/// </summary>
public class BufferPoolBenchmarks : IDisposable
{
    private const int Pins = 1 << 17;
    private const uint Blocks = 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-pool-benchmark-").FullName;
    private readonly Thread _partner;
    private AioSystem _system = null!;
    private StorageManager _storage = null!;
    private BufferPool _pool = null!;
    private BufferSession _session = null!;
    private BufferSession _partnerSession = null!;
    private Relation _relation = null!;
    private int _wanted;
    private int _done;

    public BufferPoolBenchmarks() => _partner = new Thread(RunPartner) { IsBackground = true };

    [GlobalSetup]
    public void SetUp()
    {
        _system = AioSystem.Start(new AioSystemOptions { Method = "null", SharedContexts = 1 });
        _storage = new StorageManager(_system, _folder);
        _pool = new BufferPool(_storage, new BufferPoolOptions { BufferCount = (int)Blocks * 2 });
        _session = _pool.CreateSession("one");
        _partnerSession = _pool.CreateSession("two");
        _relation = _storage.Open(new RelationId(RelationId.DefaultTablespace, 5, 16384));
        Directory.CreateDirectory(Path.Combine(_folder, "base/5"));
        using (FileStream file = new(Path.Combine(_folder, "base/5/16384"), FileMode.CreateNew)) file.SetLength(
            (long)Blocks * StorageLimits.PageBytes);
        for (uint block = 0; block < Blocks; block++) _session.Read(_relation, RelationFork.Main, block).Release();
        _partner.Start();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Pins)]
    public void OneCore() => PinAndUnpin(_session, _relation, first: 0);

    [Benchmark(OperationsPerInvoke = 2 * Pins)]
    public void TwoCoresDifferentPages()
    {
        int turn = Interlocked.Increment(ref _wanted);
        PinAndUnpin(_session, _relation, first: 0);
        while (Volatile.Read(ref _done) != turn) Thread.SpinWait(1);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        Volatile.Write(ref _wanted, -1);
        _partner.Join();
        _session.Dispose();
        _partnerSession.Dispose();
        _pool.Dispose();
        _storage.Dispose();
        _system.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private void RunPartner()
    {
        int turn = 0;
        while (true)
        {
            int wanted = Volatile.Read(ref _wanted);
            if (wanted < 0) return;
            if (wanted == turn)
            {
                Thread.SpinWait(1);
                continue;
            }

            turn = wanted;
            PinAndUnpin(_partnerSession, _relation, first: Blocks / 2);
            Volatile.Write(ref _done, turn);
        }
    }

    // A walk over a few hundred pages, so that neither everything nor nothing is in the nearest cache.
    private static void PinAndUnpin(BufferSession session, Relation relation, uint first)
    {
        for (uint count = 0; count < Pins; count++)
        {
            session.TryReadResident(relation, RelationFork.Main, first + ((count * 7) & 511), null, out BufferPin pin);
            pin.Release();
        }
    }
}
