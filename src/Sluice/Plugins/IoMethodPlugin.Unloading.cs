using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Plugins;

public sealed partial class IoMethodPlugin
{
    // A collectible context dies in stages: a few collections are needed even when nothing refers to it.
    private const int CollectionsMin = 4;
    private const int PauseStepMilliseconds = 5;
    private const int PauseMaxMilliseconds = 100;

    /// <summary>
    /// Unloads the plugin and verifies that it is gone. The method was drained (<see cref="BeginDrain"/>), disposed and forgotten
    /// before. Collects garbage on a thread of its own until the plugin is gone or the time is up; the whole process pauses at
    /// each collection. Of a plugin that leaked, looks again.
    /// </summary>
    /// <param name="timeout">How long to try.</param>
    /// <returns>
    /// True when nothing of it is left (<see cref="PluginState.Unloaded"/>, or nothing was loaded, or it is linked into the host and
    /// therefore stays); false when it is still there (<see cref="PluginState.Leaked"/>).
    /// </returns>
    /// <exception cref="InvalidOperationException">Its method is in use.</exception>
    public Task<bool> UnloadAsync(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        lock (_gate)
        {
            if (_unloading is not null) return _unloading;
            switch (State)
            {
                case PluginState.Discovered or PluginState.Rejected or PluginState.Unloaded:
                    return Task.FromResult(true);
                case PluginState.Active:
                    throw new InvalidOperationException(
                        $"io_method '{Name}' is in use: drain it and dispose its method before it is unloaded.");
            }

            if (IsLinked)
            {
                if (State != PluginState.Loaded) _lifecycle.Transition(PluginState.Loaded);
                _reason = null;
                return Task.FromResult(true);
            }

            if (State != PluginState.Draining) _lifecycle.Transition(PluginState.Draining);

            DropReferences();

            // A thread of its own: it blocks for long, and a pool thread's stack could still hold what the caller had.
            _unloading = Task.Factory.StartNew(
                () => VerifyGone(timeout), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return _unloading;
        }
    }

    /// <summary>
    /// Lets the plugin go without verifying that it went: for a system that ends and whose catalog nobody else has. It was drained before.
    /// </summary>
    internal void Forget()
    {
        lock (_gate)
        {
            if (!IsLinked) DropReferences();
        }
    }

    /// <summary>Drops every reference into the plugin and tells its context to unload. The gate is held.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void DropReferences()
    {
        if (_loaded is not LoadedPlugin loaded) return;
        _lastExplanation = loaded.Log.Explain(loaded.Main);
        loaded.Log.Detach();
        _loaded = null;
        loaded.Loader.Dispose();
    }

    private bool VerifyGone(TimeSpan timeout)
    {
        long started = Stopwatch.GetTimestamp();
        int collections = 0;
        bool isGone;
        while (true)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            collections++;
            isGone = _contextReference is not { IsAlive: true };
            if (isGone || (collections >= CollectionsMin && Stopwatch.GetElapsedTime(started) >= timeout)) break;
            Thread.Sleep(Math.Min(collections * PauseStepMilliseconds, PauseMaxMilliseconds));
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        lock (_gate)
        {
            _unloading = null;
            if (isGone)
            {
                _lifecycle.Transition(PluginState.Unloaded);
                _reason = null;
                _contextReference = null;
                PluginEventSource.Log.Unloaded(Name, collections, elapsed.TotalMilliseconds);
            }
            else
            {
                _lifecycle.Transition(PluginState.Leaked);
                _reason = DescribeLeak(collections, elapsed);
                PluginEventSource.Log.Leaked(Name, _reason);
            }
        }

        return isGone;
    }

    private string DescribeLeak(int collections, TimeSpan elapsed)
    {
        string suspect = _methodReference switch
        {
            null => "no method of it was ever made",
            { IsAlive: true } => $"its {nameof(IoMethod)} object is still referred to, "
                + "by the host or by the plugin's own thread, timer or event",
            _ => $"its {nameof(IoMethod)} object is gone, so look for a thread, timer, event, GC handle "
                + "or static of another assembly that has something else of it",
        };
        IEnumerable<string> names = _lastExplanation
            .Where(static line => line.Resolver == "plugin")
            .Select(static line => line.Requested.Split(',')[0]);
        string seconds = elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        return $"was told to unload and is still there after {collections} collections in {seconds} s; {suspect}; "
            + $"loaded from it: {string.Join(", ", names)}";
    }
}
