namespace Sluice.TempFiles.Tests.Support;

/// <summary>
/// Something that spills, done again and again with something going wrong each time in another place: it either succeeds, or ends with
/// the one error that belongs to the fault; and then nothing is left, before anybody disposes anything.
/// </summary>
internal sealed class FaultyWork(Action<FaultyWork> work)
{
    private const int Places = 7;
    private readonly List<IDisposable> _made = [];
    private long _userCalls;
    private long _requests;
    private Action<long>? _onUserCode;

    internal TempSpace Space { get; private set; } = null!;

    internal AioContext Context { get; private set; } = null!;

    internal TempOwner Owner { get; private set; } = null!;

    internal CancellationToken Token { get; private set; }

    /// <summary>To be called from codecs, comparers, accumulators and consumers.</summary>
    internal void UserCode() => _onUserCode?.Invoke(Interlocked.Increment(ref _userCalls));

    /// <summary>Takes an operator, to be disposed when all was looked at.</summary>
    internal T Make<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    internal static void FailIosOneByOne(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        long count = faulty.CountRequests(run, _ => true);
        Assert.True(count >= Places, $"The work does {count} I/Os: too few to fail in every phase.");
        foreach (long place in Sample(count))
        {
            Exception? failure = faulty.Once(run, failAt: place, -Errno.EIO, static _ => true);

            // How far is read ahead depends on time: the last reads are not needed, or not made, every time.
            if (failure is null && place > count * 3 / 4) continue;
            AioException exception = Assert.IsType<AioException>(failure);
            Assert.Contains("EIO", exception.Message, StringComparison.Ordinal);
            Assert.Contains("faulty work", exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', exception.Message);
        }

        Assert.Null(faulty.Once(run));
    }

    internal static void RunOutOfRoom(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        long count = faulty.CountRequests(run, static request => request.Operation == IoOperation.Write);
        foreach (long place in Sample(count))
        {
            Exception? failure = faulty.Once(run, failAt: place, -Errno.ENOSPC, static request => request.Operation == IoOperation.Write);

            // A write of the last blocks may fail without harm when they are never needed from the file.
            if (failure is null && place > count * 3 / 4) continue;
            TempSpaceFullException exception = Assert.IsType<TempSpaceFullException>(failure);
            foreach (string text in (string[])["faulty work", "no room", "ENOSPC"])
            {
                Assert.Contains(text, exception.Message, StringComparison.Ordinal);
            }

            Assert.DoesNotContain('\n', exception.Message);
        }

        foreach (long quota in (long[])[1, 50_000, 150_000])
        {
            Exception? failure = faulty.Once(run, quotaBytes: quota);
            TempSpaceFullException exception = Assert.IsType<TempSpaceFullException>(failure);
            foreach (string text in (string[])["faulty work", "quota", run.Folder])
            {
                Assert.Contains(text, exception.Message, StringComparison.Ordinal);
            }
        }

        Assert.Null(faulty.Once(run));
    }

    internal static void DisturbEveryTransfer(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        Random random = new(17);
        bool chance(double share)
        {
            lock (random) return random.NextDouble() < share;
        }

        run.Control.Reorders = true;
        long shortened = 0;
        using var shorts = run.Control.Replace(
            result =>
            {
                if (result <= 1) return result;
                Interlocked.Increment(ref shortened);
                return (result / 2) + 1;
            },
            _ => chance(0.3));
        using var delays = run.Control.Delay(_ => chance(0.3));
        for (int round = 0; round < 3; round++) Assert.Null(faulty.Once(run));
        Assert.True(shortened > 0, "No transfer was cut short.");
    }

    internal static void ThrowFromUserCode(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method);
        FaultyWork faulty = new(work);
        faulty._onUserCode = static _ => { };
        Assert.Null(faulty.Once(run));
        foreach (long place in Sample(faulty._userCalls))
        {
            faulty._onUserCode = call =>
            {
                if (call == place + 1) throw new InvalidTimeZoneException("of a test");
            };
            Assert.IsType<InvalidTimeZoneException>(faulty.Once(run));
        }

        faulty._onUserCode = null;
        Assert.Null(faulty.Once(run));
    }

    internal static void CancelAnywhere(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        faulty._onUserCode = static _ => { };
        Assert.Null(faulty.Once(run));
        long calls = faulty._userCalls;
        foreach (long place in Sample(calls))
        {
            using CancellationTokenSource source = new();
            faulty._onUserCode = call =>
            {
                if (call == place + 1) source.Cancel();
            };
            Exception? failure = faulty.Once(run, token: source.Token);

            // The last few records may be done before anybody looks.
            if (failure is not null || place < calls / 2) Assert.IsAssignableFrom<OperationCanceledException>(failure);
        }

        faulty._onUserCode = null;
        long requests = faulty.CountRequests(run, _ => true);
        foreach (long place in Sample(requests))
        {
            using CancellationTokenSource source = new();
            using var cancelling = run.Control.Delay(_ =>
            {
                if (Interlocked.Increment(ref faulty._requests) == place + 1) source.Cancel();
                return false;
            });
            faulty._requests = 0;
            Exception? failure = faulty.Once(run, token: source.Token);
            if (failure is not null) Assert.IsAssignableFrom<OperationCanceledException>(failure);
        }

        Assert.Null(faulty.Once(run));
    }

    private static IEnumerable<long> Sample(long count)
    {
        Random random = new((int)count);
        yield return 0;
        for (int place = 1; place < Places - 1; place++)
        {
            yield return random.NextInt64(count * place / Places, Math.Max(count * (place + 1) / Places, 1));
        }

        yield return count - 1;
    }

    private long CountRequests(TestRun run, Predicate<IoRequest> matches)
    {
        long count = 0;
        using var counting = run.Control.Delay(request =>
        {
            if (matches(request)) Interlocked.Increment(ref count);
            return false;
        });
        Assert.Null(Once(run));
        return count;
    }

    private Exception? Once(
        TestRun run, long failAt = -1, int error = 0, Predicate<IoRequest>? matches = null, long quotaBytes = long.MaxValue,
        CancellationToken token = default)
    {
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { QuotaBytes = quotaBytes, PieceBytes = 40960 });
        using AioContext context = run.System.CreateContext();
        Space = space;
        Context = context;
        Owner = space.CreateOwner("faulty work");
        Token = token;
        _userCalls = 0;
        long seen = 0;
        using Sluice.TestPlugins.Injecting.Injection? failing = failAt < 0 ? null : run.Control.Replace(
            _ => error, request => matches!(request) && Interlocked.Increment(ref seen) == failAt + 1);
        Exception? failure = Record.Exception(() => work(this));
        if (failure is not null) run.ExpectNothingInUse(space);
        foreach (IDisposable made in _made) made.Dispose();
        _made.Clear();
        run.ExpectNothingInUse(space);
        return failure;
    }
}
