using System.Runtime.InteropServices;
using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>
/// Random sequences of what a flow can do with its context, while another thread waits for its I/Os, against a model that knows
/// what must be true after each step. A failure names the seed.
/// </summary>
public sealed unsafe class ModelTests
{
    [Theory]
    [InlineData("null", 3000)]
    [InlineData("sync", 1500)]
    [InlineData("worker", 250)]
    [InlineData("io_uring", 250)]
    public void EverySequenceOfCallsKeepsThePromises(string method, int seeds) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method, handles: 4, vectors: 2);
        using TempFolder folder = new();
        byte[] content = new byte[10_000];
        new Random(11).NextBytes(content);
        using IoFile file = system.FileSystem.Open(folder.FileWith(content), new IoOpenOptions { Access = IoAccess.ReadWrite });
        using ForeignWaiter foreign = new();
        for (int seed = 0; seed < seeds; seed++)
        {
            Run run = new(system, file, content, foreign, seed, method != "null");
            try
            {
                run.Steps(40);
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {seed} of {method}: {exception}");
            }
        }

        AioStatistics statistics = system.ReadStatistics();
        Assert.Equal(0, statistics.StaleCompletions + statistics.RefusedByMethod + statistics.MethodFaults);
        Assert.Equal(0, statistics.HandlesInFlight);
    });

    /// <summary>Waits for references on a thread of its own, one after the other.</summary>
    private sealed class ForeignWaiter : IDisposable
    {
        private readonly global::System.Collections.Concurrent.BlockingCollection<WaitReference> _references = [];
        private readonly Thread _thread;
        private int _pending;

        internal ForeignWaiter()
        {
            _thread = new Thread(() =>
            {
                foreach (WaitReference reference in _references.GetConsumingEnumerable())
                {
                    _ = reference.Wait();
                    _ = Interlocked.Decrement(ref _pending);
                }
            })
            { IsBackground = true };
            _thread.Start();
        }

        internal void Add(WaitReference reference)
        {
            _ = Interlocked.Increment(ref _pending);
            _references.Add(reference);
        }

        internal bool AwaitAll() => SpinWait.SpinUntil(() => Volatile.Read(ref _pending) == 0, TestSystem.Watchdog);

        public void Dispose()
        {
            _references.CompleteAdding();
            _thread.Join();
        }
    }

    /// <summary>One sequence and its model.</summary>
    private sealed class Run(AioSystem system, IoFile file, byte[] content, ForeignWaiter foreign, int seed, bool isReal)
    {
        private readonly Random _random = new(seed);
        private readonly AioContext _context = system.CreateContext("model");
        private readonly List<Issued> _issued = [];
        private AioScope? _scope;
        private AioBatch _batch;
        private bool _isInBatch;
        private AioHandle? _handedOut;
        private Issued? _draft;

        internal void Steps(int count)
        {
            for (int step = 0; step < count; step++)
            {
                Step();
                Check();
            }

            if (_isInBatch) ToggleBatch();
            if (_handedOut is not null)
            {
                _handedOut.Release();
                Forget();
            }

            foreach (Issued issued in _issued)
            {
                Require(_context.Wait(issued.Reference, 30_000), "An I/O is never done.");
            }

            Check();
            foreach (Issued issued in _issued) Verify(issued);
            Require(foreign.AwaitAll(), "A foreign wait is never over.");
            _scope?.Dispose();
            _context.Dispose();
            foreach (Issued issued in _issued) NativeMemory.Free(issued.Memory);
        }

        private void Step()
        {
            switch (_random.Next(13))
            {
                case 0 or 1 or 2 when _handedOut is null:
                    Acquire();
                    break;
                case 3 when _handedOut is not null:
                    _handedOut.Release();
                    Forget();
                    break;
                case 4 or 5 or 6 when _handedOut is not null:
                    Start();
                    break;
                case 7:
                    ToggleBatch();
                    break;
                case 8:
                    _context.Submit();
                    break;
                case 9 when _issued.Count != 0:
                    Issued chosen = _issued[_random.Next(_issued.Count)];
                    if (_context.Wait(chosen.Reference, _random.Next(3) == 0 ? 0 : 30_000))
                    {
                        Require(chosen.Reference.IsDone, "Waited for and not done.");
                    }

                    break;
                case 10 when _issued.Count != 0:
                    foreign.Add(_issued[_random.Next(_issued.Count)].Reference);
                    break;
                case 11:
                    if (_random.Next(2) == 0) _ = _context.Poll();
                    else _ = _context.WaitForAny(_random.Next(2));
                    break;
                case 12 when _scope is not null && (_handedOut is null || _draft!.Scope != _scope):
                    _scope.Dispose();
                    foreach (Issued issued in _issued.Where(issued => issued.Scope == _scope && !issued.Place.IsFilled))
                    {
                        issued.IsDetached = true;
                    }

                    _scope = null;
                    break;
            }
        }

        private void Acquire()
        {
            if (_scope is null && _random.Next(3) == 0) _scope = _context.CreateScope();
            AioScope? scope = _random.Next(2) == 0 ? _scope : null;
            AioReturn place = new();
            _handedOut = _random.Next(4) == 0 && _context.TryAcquire(out AioHandle? taken, place, scope) ? taken : null;
            if (_handedOut is null && !place.IsPending) _handedOut = _context.Acquire(place, scope);
            _draft = new Issued(
                place,
                _handedOut!.Reference,
                scope,
                (byte*)NativeMemory.AllocZeroed(64),
                _random.Next(content.Length - 64),
                1 + _random.Next(63));
            if (_random.Next(8) == 0) foreign.Add(_draft.Reference);
        }

        private void Start()
        {
            Issued draft = _draft!;
            if (_random.Next(10) == 0) _handedOut!.SetFlags(AioHandleFlags.Synchronous);
            if (_random.Next(4) == 0)
            {
                draft.LengthBytes = 0;
                _handedOut!.StartFlushRange(file, 0, 1);
            }
            else
            {
                int first = draft.LengthBytes / 2;
                if (first == 0) _handedOut!.SetVector(new IoVector(draft.Memory, draft.LengthBytes));
                else
                {
                    _handedOut!.SetVectors(
                        [new IoVector(draft.Memory, first), new IoVector(draft.Memory + first, draft.LengthBytes - first)]);
                }

                _handedOut.StartRead(file, draft.OffsetBytes);
            }

            _issued.Add(draft);
            _draft = null;
            _handedOut = null;
        }

        private void Forget()
        {
            Require(!_draft!.Place.IsPending && !_draft.Place.IsFilled, "A released handle filled its return.");
            NativeMemory.Free(_draft.Memory);
            _draft = null;
            _handedOut = null;
        }

        private void ToggleBatch()
        {
            if (_isInBatch) _batch.Dispose();
            else _batch = _context.EnterBatch();
            _isInBatch = !_isInBatch;
        }

        private void Check()
        {
            Require(_context.IsInBatch == _isInBatch, "The batch flag is wrong.");
            int open = 0;
            foreach (Issued issued in _issued)
            {
                Require(!(issued.Place.IsFilled && issued.Place.IsPending), "A return is filled and pending.");
                Require(!(issued.IsDetached && issued.Place.IsFilled), "A return was filled after its scope ended.");
                if (issued.Place.IsFilled) Require(issued.Reference.IsDone, "A return is filled and its I/O is not done.");
                if (issued.Place.IsFilled || issued.IsDetached) continue;
                Require(issued.Place.IsPending, "A return was lost.");
                open++;
            }

            int used = _context.HandleCount - _context.IdleCount - (_handedOut is null ? 0 : 1);
            Require(used >= open, "There are more open I/Os than handles in use.");
            Require(used <= open + _issued.Count(static issued => issued.IsDetached), "A handle leaked.");
        }

        private void Verify(Issued issued)
        {
            if (issued.IsDetached) return;
            Require(issued.Place.Result == AioResult.Ok(issued.LengthBytes), $"The result is {issued.Place.Result}.");
            if (isReal)
            {
                Require(
                    new Span<byte>(issued.Memory, issued.LengthBytes).SequenceEqual(content.AsSpan(issued.OffsetBytes, issued.LengthBytes)),
                    "Other bytes.");
            }
        }

        private void Require(bool condition, string rule) => Assert.True(condition, $"Seed {seed}: {rule}");
    }

    private sealed class Issued(AioReturn place, WaitReference reference, AioScope? scope, byte* memory, int offsetBytes, int lengthBytes)
    {
        internal AioReturn Place { get; } = place;

        internal WaitReference Reference { get; } = reference;

        internal AioScope? Scope { get; } = scope;

        internal byte* Memory { get; } = memory;

        internal int OffsetBytes { get; } = offsetBytes;

        internal int LengthBytes { get; set; } = lengthBytes;

        internal bool IsDetached { get; set; }
    }
}
