using Sluice.Methods;

namespace Sluice.TestPlugins.Injecting;

/// <summary>By which a test says what goes wrong in an injecting method. Any thread, while I/O runs.</summary>
public sealed class InjectionControl
{
    private readonly Lock _lock = new();
    private volatile Injection[] _injections = [];
    private int _submitThrows;
    private int _waitThrows;
    private int _takeFewer;

    /// <summary>Whether completions that are delivered together are delivered last first.</summary>
    public volatile bool Reorders;

    /// <summary>Names and opening of files instead of the method's own; null for those. Before the system starts.</summary>
    public IoFileSystem? FileSystem { get; set; }

    /// <summary>Told of each request before the method gets it: for recording what a program does in which order. On the submitting thread; quick, and throws nothing.</summary>
    public Action<IoRequest>? Submitting { get; set; }

    /// <summary>Told of each true result before it is delivered or changed. On any thread, as <see cref="Submitting"/>.</summary>
    public Action<IoRequest, int>? Completing { get; set; }

    /// <summary>Holds completions back before they are delivered, until <see cref="Injection.Release"/>. The I/O itself is done.</summary>
    /// <param name="matches">Which; null for all.</param>
    /// <param name="times">How many; -1 for all.</param>
    /// <param name="replace">From the true result to the one that is delivered in the end; null for the true one.</param>
    public Injection Stall(Predicate<IoRequest>? matches = null, int times = -1, Func<int, int>? replace = null) =>
        Add(InjectionKind.Stall, matches, times, replace);

    /// <summary>
    /// Puts another raw result in place of the true one, if it is smaller, and scrambles the memory that was then not read.
    /// </summary>
    /// <param name="replace">From the true result to the other: fewer bytes, or a negative errno.</param>
    /// <param name="matches">Which; null for all.</param>
    /// <param name="times">How many; -1 for all.</param>
    /// <param name="detail">What the completion says besides.</param>
    public Injection Replace(
        Func<int, int> replace, Predicate<IoRequest>? matches = null, int times = -1, IoOutcomeDetail detail = IoOutcomeDetail.None) =>
        Add(InjectionKind.Replace, matches, times, replace, detail);

    /// <summary>Delivers completions twice.</summary>
    public Injection DeliverTwice(Predicate<IoRequest>? matches = null, int times = -1) => Add(InjectionKind.Twice, matches, times);

    /// <summary>
    /// Delivers, before the true completion, one with the token of an earlier I/O of the handle and one of a handle that does not exist.
    /// </summary>
    public Injection DeliverStale(Predicate<IoRequest>? matches = null, int times = -1) => Add(InjectionKind.Stale, matches, times);

    /// <summary>Delivers completions a little later, on another thread or in a later wait.</summary>
    public Injection Delay(Predicate<IoRequest>? matches = null, int times = -1) => Add(InjectionKind.Delay, matches, times);

    /// <summary>Throws from so many of the next calls of Submit, before anything was taken.</summary>
    public void ThrowFromSubmit(int times = 1) => Volatile.Write(ref _submitThrows, times);

    /// <summary>Throws from so many of the next calls of Wait.</summary>
    public void ThrowFromWait(int times = 1) => Volatile.Write(ref _waitThrows, times);

    /// <summary>Takes only half of what is offered (of one: none), in so many of the next calls of Submit.</summary>
    public void TakeFewer(int times = 1) => Volatile.Write(ref _takeFewer, times);

    internal bool ShouldThrowFromSubmit() => Spend(ref _submitThrows);

    internal bool ShouldThrowFromWait() => Spend(ref _waitThrows);

    internal bool ShouldTakeFewer() => Spend(ref _takeFewer);

    internal Injection? Take(IoRequest request)
    {
        foreach (Injection injection in _injections)
        {
            if (injection.TryTake(request)) return injection;
        }

        return null;
    }

    internal void Remove(Injection injection)
    {
        lock (_lock) _injections = [.. _injections.Where(other => other != injection)];
    }

    private static bool Spend(ref int times)
    {
        while (true)
        {
            int seen = Volatile.Read(ref times);
            if (seen == 0) return false;
            if (Interlocked.CompareExchange(ref times, seen - 1, seen) == seen) return true;
        }
    }

    private Injection Add(
        InjectionKind kind,
        Predicate<IoRequest>? matches,
        int times,
        Func<int, int>? replace = null,
        IoOutcomeDetail detail = IoOutcomeDetail.None)
    {
        Injection injection = new(this, kind, matches ?? (static _ => true), times, replace, detail);
        lock (_lock) _injections = [.. _injections, injection];
        return injection;
    }
}
