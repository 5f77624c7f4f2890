using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>Large reads ahead, of cached data: workers copy, and so does the issuer instead of sleeping. With one processor nobody shares.</summary>
public sealed class SharedCopyTests : IDisposable
{
    private const int Large = 256 << 10;
    private const IoRequestFlags Ahead = IoRequestFlags.Buffered | IoRequestFlags.Ahead;

    private readonly ManualResetEventSlim _gate = new();
    private readonly ScriptedFile _file;
    private readonly TestRequests _requests = new(64);
    private readonly RecordingSink _sink = new(64);
    private readonly IoMethod _method = new WorkerMethodFactory().Create(MethodSettings.With(("min_workers", "1"), ("max_workers", "1")));
    private readonly IoMethodContext _context;
    private volatile bool _isCached = true;

    public SharedCopyTests()
    {
        _file = new ScriptedFile
        {
            OnTry = request => _isCached ? new IoOutcome((int)request.LengthBytes) : null,
            OnExecute = request =>
            {
                Assert.True(_gate.Wait(Watchdog.Patience));
                return new IoOutcome((int)request.LengthBytes);
            },
        };
        _context = MethodSettings.Context(_method, _sink);
    }

    private static bool IsShared => Environment.ProcessorCount > 1;

    public void Dispose()
    {
        _gate.Set();
        _context.Dispose();
        _method.Dispose();
        _requests.Dispose();
        _file.Dispose();
        _gate.Dispose();
    }

    [Fact]
    public void TheIssuerTakesBackWhatNoWorkerHasBegun()
    {
        if (!IsShared) return;
        Warm();
        Submit(8, 4);
        Watchdog.Until(() => _file.Executions == 1, "the worker takes the first");
        Assert.Equal(8, _sink.Total);

        for (int slot = 9; slot < 12; slot++)
        {
            Assert.True(_context.TryExecuteSubmitted());
            Assert.Equal(1, _sink.DeliveriesOf(slot));
            Assert.Equal(Large, _sink.Last(slot).Result);
            Assert.Equal(Environment.CurrentManagedThreadId, _sink.ThreadOf(slot));
        }

        Assert.False(_context.TryExecuteSubmitted());
        _gate.Set();
        _sink.WaitForTotal(12);
        Assert.Equal(1, _file.Executions);
        Assert.Equal(3, MethodSettings.Counter(_method, "taken_back"));
        Assert.Equal(12, MethodSettings.Counter(_method, "submitted"));
    }

    [Theory]
    [InlineData(Large, IoRequestFlags.Buffered)]
    [InlineData(Large - 1, Ahead)]
    public void SmallReadsAndReadsThatAreNeededAtOnceAreNotShared(int lengthBytes, IoRequestFlags flags)
    {
        Warm();
        for (int slot = 8; slot < 16; slot++) _requests.Set(slot, _file, IoOperation.Read, lengthBytes: lengthBytes, flags: flags);
        _context.Offer(_sink, _requests.Range(8, 8));
        Assert.Equal(16, _sink.Total);
        Assert.Equal(0, _file.Executions);
    }

    [Fact]
    public void NothingIsSharedBeforeTheDataIsKnownToBeCached()
    {
        for (int slot = 0; slot < 7; slot++) _requests.Set(slot, _file, IoOperation.Read, lengthBytes: Large, flags: Ahead);
        _context.Offer(_sink, _requests.Range(0, 7));
        Assert.Equal(7, _sink.Total);
    }

    [Fact]
    public void WhatTurnsOutNotToBeCachedGoesToTheQueueAgainAndTheSharingEnds()
    {
        if (!IsShared) return;
        Warm();
        Submit(8, 4);
        Watchdog.Until(() => _file.Executions == 1, "the worker takes the first");
        _isCached = false;
        Assert.False(_context.TryExecuteSubmitted());
        int tries = _file.Tries;
        Assert.False(_context.TryExecuteSubmitted());
        Assert.Equal(tries, _file.Tries);
        _gate.Set();
        _sink.WaitForTotal(12);
        for (int slot = 0; slot < 12; slot++) Assert.Equal(1, _sink.DeliveriesOf(slot));

        // Tried at once again, as any read.
        Submit(12, 1);
        Assert.Equal(tries + 1, _file.Tries);
        _sink.WaitForTotal(13);
    }

    [Fact]
    public void AReadThatThrowsWhenItIsTakenBackFails()
    {
        if (!IsShared) return;
        Warm();
        Submit(8, 2);
        Watchdog.Until(() => _file.Executions == 1, "the worker takes the first");
        _file.OnTry = static _ => throw new InvalidOperationException("broken");
        Assert.True(_context.TryExecuteSubmitted());
        Assert.True(_sink.Last(9).Result < 0);
        _gate.Set();
        _sink.WaitForTotal(10);
    }

    [Fact]
    public void WhatOthersSubmittedIsLeftToTheWorkers()
    {
        if (!IsShared) return;
        using IoMethodContext other = MethodSettings.Context(_method, _sink);
        Warm();
        for (int slot = 16; slot < 18; slot++) _requests.Set(slot, _file, IoOperation.Read, lengthBytes: Large, flags: Ahead);
        other.Submit(_requests.Range(16, 1), waitFollows: false);
        Watchdog.Until(() => _file.Executions == 1, "the worker takes the first");
        other.Submit(_requests.Range(17, 1), waitFollows: false);
        Submit(8, 1);

        // The other's is the oldest.
        Assert.False(_context.TryExecuteSubmitted());
        Assert.False(other.TryExecuteSubmitted());
        _gate.Set();
        _sink.WaitForTotal(8 + 3);
    }

    [Fact]
    public void EveryReadIsDeliveredOnceWhoeverCopies()
    {
        const int Rounds = 20_000;
        _gate.Set();
        Warm();
        for (int slot = 8; slot < 16; slot++) _requests.Set(slot, _file, IoOperation.Read, lengthBytes: Large, flags: Ahead);
        Random random = new(20261120);
        for (int round = 1; round <= Rounds; round++)
        {
            _isCached = random.Next(64) != 0;
            _context.Offer(_sink, _requests.Range(8, 8));
            long expected = 8 + (round * 8L);
            while (_sink.Total < expected)
            {
                if (!_context.TryExecuteSubmitted()) Thread.SpinWait(10);
            }

            for (int slot = 8; slot < 16; slot++) Assert.Equal(round, _sink.DeliveriesOf(slot));
        }

        Assert.Equal(8 + (Rounds * 8L), _sink.Total);
        Assert.Equal(0, MethodSettings.Counter(_method, "queue_overflows"));
    }

    private void Warm()
    {
        for (int slot = 0; slot < 8; slot++) _requests.Set(slot, _file, IoOperation.Read, flags: IoRequestFlags.Buffered);
        _context.Offer(_sink, _requests.Range(0, 8));
        Assert.Equal(8, _sink.Total);
    }

    private void Submit(int first, int count)
    {
        for (int slot = first; slot < first + count; slot++)
        {
            _requests.Set(slot, _file, IoOperation.Read, lengthBytes: Large, flags: Ahead);
        }

        _context.Offer(_sink, _requests.Range(first, count));
    }
}
