using Sluice.TestPlugins.Injecting;

namespace Sluice.TempFiles.Tests.Support;

/// <summary>
/// Something that spills, done again and again with something going wrong each time in another place of it: it either succeeds, or ends
/// with the one error that belongs to the fault; and then nothing is left, before anybody disposes anything.
/// </summary>
/// <remarks>
/// Places are numbers of I/Os, or of calls of the user's code, of all that the work does, drawn by a seed, the first and the last always
/// among them; <c>SLUICE_SEEDS</c> multiplies how many are drawn. The work is done in spaces of every kind by turns: past the cache or
/// not, with names or without.
/// </remarks>
internal sealed class FaultyWork(Action<FaultyWork> work)
{
    private const int PlacesDrawn = 14;
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(20);
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("SLUICE_SEEDS"), out int seeds) ? seeds : 1;
    private readonly List<IDisposable> _made = [];
    private readonly Dictionary<(bool IsDirect, TempNaming Naming, IoOperation? Only), (long Ios, long PeakBytes)> _counts = [];
    private long _userCalls;
    private Action<long>? _onUserCode;
    private bool _isDirect;
    private bool _isLeftToLibrary;
    private long _peakBytes;
    private TempNaming _naming;

    internal TempSpace Space { get; private set; } = null!;

    internal AioContext Context { get; private set; } = null!;

    internal TempOwner Owner { get; private set; } = null!;

    internal CancellationToken Token { get; private set; }

    /// <summary>To be called from codecs, comparers, accumulators and consumers.</summary>
    internal void UserCode() => _onUserCode?.Invoke(Interlocked.Increment(ref _userCalls));

    /// <summary>What a caller does between its calls: it looks whether it is to stop, unless the library is to notice alone.</summary>
    internal void Look()
    {
        UserCode();
        if (!_isLeftToLibrary) Token.ThrowIfCancellationRequested();
    }

    /// <summary>Takes an operator, to be disposed when all was looked at.</summary>
    internal T Make<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    /// <summary>Fails one I/O after the other, some of them while others are late and come in another order.</summary>
    internal static void FailIosOneByOne(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        Random random = new(SeedOf(method));
        int failed = 0;
        int tried = 0;
        for (; tried < PlacesDrawn * s_rounds; tried++)
        {
            faulty.ChooseSpace(method, tried);
            (long count, _) = faulty.CountRequests(run, only: null);
            long place = Draw(random, tried, count);
            run.Control.Reorders = tried % 2 == 1;
            IoOperation operation = IoOperation.Read;
            Exception? failure = faulty.Once(run, failAt: place, -Errno.EIO, request =>
            {
                operation = request.Operation;
                return true;
            }, isDelayed: tried % 2 == 1);
            if (failure is null)
            {
                // The work has found all its data, so the read was one that nobody needed, of a block that was read ahead; the space,
                // one that was asked for ahead. A write that fails is told, but for the last: those of blocks that nobody reads.
                bool mayBeSo = operation != IoOperation.Write || place > count * 3 / 4;
                Assert.True(mayBeSo, $"Write {place} of {count} failed, and nobody was told.");
                continue;
            }

            failed++;
            AioException exception = Assert.IsType<AioException>(failure);
            ExpectText(exception, "EIO", "faulty work");
        }

        Assert.True(failed > tried / 2, $"Of {tried} failures {failed} were told.");
        run.Control.Reorders = false;
        Assert.Null(faulty.Once(run));
    }

    /// <summary>Lets the disk be full at one write after the other, and the quota reached anywhere up to what the work needs.</summary>
    internal static void RunOutOfRoom(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        Random random = new(SeedOf(method));
        int failed = 0;
        int tried = 0;
        for (; tried < PlacesDrawn * s_rounds; tried++)
        {
            faulty.ChooseSpace(method, tried);
            (long count, _) = faulty.CountRequests(run, IoOperation.Write);
            long place = Draw(random, tried, count);
            Exception? failure = faulty.Once(run, failAt: place, -Errno.ENOSPC, static request => request.Operation == IoOperation.Write);
            Assert.True(failure is not null || place > count * 3 / 4, $"Write {place} of {count} found no room, and nobody was told.");
            if (failure is null) continue;
            failed++;
            ExpectText(Assert.IsType<TempSpaceFullException>(failure), "faulty work", "no room", "ENOSPC");
        }

        Assert.True(failed > tried / 2, $"Of {tried} failures {failed} were told.");
        int full = 0;
        for (int round = 0; round < PlacesDrawn * s_rounds; round++)
        {
            faulty.ChooseSpace(method, round);
            (_, long peak) = faulty.CountRequests(run, IoOperation.Write);
            long quota = Draw(random, round, peak);
            Exception? failure = faulty.Once(run, quotaBytes: quota);
            if (failure is null)
            {
                // How much room is needed depends on how far is read ahead of what gives room back, and so on who is quicker.
                Assert.InRange(faulty._peakBytes, 0, quota);
                continue;
            }

            full++;
            ExpectText(Assert.IsType<TempSpaceFullException>(failure), "faulty work", "quota", run.Folder);
        }

        Assert.True(full >= PlacesDrawn * s_rounds / 2, $"Of {PlacesDrawn * s_rounds} quotas below what is needed {full} were reached.");

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
        for (int round = 0; round < 4 * s_rounds; round++)
        {
            faulty.ChooseSpace(method, round);
            Assert.Null(faulty.Once(run));
        }

        Assert.True(shortened > 0, "No transfer was cut short.");
    }

    /// <summary>Throws from one call of the user's code after the other.</summary>
    internal static void ThrowFromUserCode(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method);
        FaultyWork faulty = new(work);
        Random random = new(SeedOf(method));
        long calls = faulty.CountUserCalls(run);
        for (int round = 0; round < PlacesDrawn * s_rounds; round++)
        {
            faulty.ChooseSpace(method, round);
            long place = Draw(random, round, calls);
            faulty._onUserCode = call =>
            {
                if (call == place + 1) throw new InvalidTimeZoneException("of a test");
            };
            Assert.IsType<InvalidTimeZoneException>(faulty.Once(run));
        }

        faulty._onUserCode = null;
        Assert.Null(faulty.Once(run));
    }

    /// <summary>Cancels in one call of the user's code after the other.</summary>
    internal static void CancelAnywhere(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work);
        Random random = new(SeedOf(method));
        long calls = faulty.CountUserCalls(run);
        for (int round = 0; round < PlacesDrawn * s_rounds; round++)
        {
            faulty.ChooseSpace(method, round);
            long place = Draw(random, round, calls);
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
        Assert.Null(faulty.Once(run));
    }

    /// <summary>
    /// Cancels from another thread while I/O is in flight: from one I/O on, of all those the work does, none is over before the token is
    /// cancelled. Only the library looks at the token.
    /// </summary>
    internal static void CancelFromOutside(string method, Action<FaultyWork> work)
    {
        using TestRun run = TestRun.Start(method, injected: true);
        FaultyWork faulty = new(work) { _isLeftToLibrary = true };
        Random random = new(SeedOf(method));
        int cancelled = 0;
        int tried = 0;
        for (; tried < PlacesDrawn * s_rounds; tried++)
        {
            faulty.ChooseSpace(method, tried);
            (long count, _) = faulty.CountRequests(run, only: null);
            long place = Draw(random, tried, count);
            Exception? failure = faulty.CancelOnce(run, place, inFlight: random.Next(1, 5));
            if (failure is not null) cancelled++;
            if (failure is not null || place < count / 2) Assert.IsAssignableFrom<OperationCanceledException>(failure);
        }

        Assert.True(cancelled > tried / 2, $"Of {tried} cancellations {cancelled} were noticed.");
        Assert.Null(faulty.Once(run));
    }

    private Exception? CancelOnce(TestRun run, long place, int inFlight)
    {
        long seen = 0;
        using CancellationTokenSource source = new();
        using ManualResetEventSlim isOver = new();
        using Injection held = run.Control.Stall(_ => Interlocked.Increment(ref seen) > place);
        Thread canceller = new(() =>
        {
            // The work may need fewer I/Os this time; and it may not have more than one at once.
            while (!held.WaitUntilStalled(1, s_glance) && !isOver.IsSet)
            {
            }

            held.WaitUntilStalled(inFlight, s_glance);
            source.Cancel();
            held.Release();
        });
        canceller.Start();
        try
        {
            return Once(run, token: source.Token);
        }
        finally
        {
            isOver.Set();
            canceller.Join();
        }
    }

    private static int SeedOf(string method) => method.Length;

    // The first, the last, and any between, each part of the whole as often as every other.
    private static long Draw(Random random, int round, long count)
    {
        int part = round % PlacesDrawn;
        if (part == 0) return 0;
        if (part == PlacesDrawn - 1) return count - 1;
        return random.NextInt64(count * part / PlacesDrawn, Math.Max((count * part / PlacesDrawn) + 1, count * (part + 1) / PlacesDrawn));
    }

    private static void ExpectText(Exception exception, params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts) Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    private void ChooseSpace(string method, int round)
    {
        // The simulated disk has no cache to go past.
        _isDirect = round % 4 is 1 or 3 && method != "simulated";
        _naming = round % 4 is 2 or 3 ? TempNaming.Named : TempNaming.Unnamed;
    }

    private long CountUserCalls(TestRun run)
    {
        _onUserCode = static _ => { };
        Assert.Null(Once(run));
        return _userCalls;
    }

    // How many I/Os the work does in such a space, and how much room it needs; counted once for each kind.
    private (long Ios, long PeakBytes) CountRequests(TestRun run, IoOperation? only)
    {
        if (_counts.TryGetValue((_isDirect, _naming, only), out (long Ios, long PeakBytes) known)) return known;
        long count = 0;
        using var counting = run.Control.Delay(request =>
        {
            if (only is null || request.Operation == only) Interlocked.Increment(ref count);
            return false;
        });
        Assert.Null(Once(run));
        Assert.True(count > PlacesDrawn / 2, $"The work does {count} I/Os: too few to fail in every phase.");
        return _counts[(_isDirect, _naming, only)] = (count, _peakBytes);
    }

    private Exception? Once(
        TestRun run, long failAt = -1, int error = 0, Predicate<IoRequest>? matches = null, long quotaBytes = long.MaxValue,
        CancellationToken token = default, bool isDelayed = false)
    {
        TempSpaceOptions options = new() { QuotaBytes = quotaBytes, PieceBytes = 40960, Direct = _isDirect, Naming = _naming };
        using TempSpace space = run.OpenSpace(options);
        using AioContext context = run.System.CreateContext();
        Space = space;
        Context = context;
        Owner = space.CreateOwner("faulty work");
        Token = token;
        _userCalls = 0;
        long seen = 0;
        Exception? failure;
        using (Injection? failing = failAt < 0 ? null : run.Control.Replace(
            _ => error, request => matches!(request) && Interlocked.Increment(ref seen) == failAt + 1))
        using (Injection? late = isDelayed ? run.Control.Delay(static request => request.OffsetBytes / 4096 % 3 == 0) : null)
        {
            failure = Record.Exception(() => work(this));
        }

        _peakBytes = space.PeakBytes;
        if (failure is not null) run.ExpectNothingInUse(space);
        foreach (IDisposable made in _made) made.Dispose();
        _made.Clear();
        run.ExpectNothingInUse(space);
        if (failure is not null) ExpectUsable(context, space);
        return failure;
    }

    // No handle was lost with what failed: the context refuses to acquire one while another is handed out.
    private static void ExpectUsable(AioContext context, TempSpace space)
    {
        if (space.Options.QuotaBytes < BufFile.AlignmentBytes) return;
        using BufFile file = space.CreateFile(space.CreateOwner("afterwards"));
        using BufFileWriter writer = new(context, file, 0, BufFile.AlignmentBytes, 1);
        writer.Write(new byte[BufFile.AlignmentBytes]);
        writer.Flush();
    }
}
