using System.Runtime.CompilerServices;
using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice;

/// <summary>The method: choosing it, switching it while I/O runs, the poller that drives it for code that awaits.</summary>
public sealed partial class AioSystem
{
    private readonly SemaphoreSlim _switching = new(1, 1);
    private readonly ManualResetEventSlim _gate = new(initialState: true);

    /// <summary>
    /// Held while the method is swapped, while a context is made and while one ends: the swap meets all contexts, each whole.
    /// </summary>
    internal Lock SwapLock { get; } = new();

    // Guards the method's members that are not per context against its replacement, and the poller.
    private readonly Lock _methodLock = new();
    private Poller? _poller;
    private bool _isPollerBarred;

    /// <summary>
    /// Changes the method of the running system, losing nothing: loads and tries the new one, keeps new I/O staged, waits for
    /// what the old one has, swaps, submits what was staged, unloads the old one. When the new one cannot be had, nothing changes.
    /// </summary>
    /// <param name="name">The method's name, or <c>auto</c>.</param>
    /// <param name="cancellationToken">Gives up waiting for another switch to end; a switch that began goes through.</param>
    /// <returns>True when the old plugin is really unloaded; false when something still holds it (state leaked), which is harmless but for
    /// its memory.</returns>
    /// <exception cref="IoMethodException">The new method cannot be found or does not work here.</exception>
    public async Task<bool> SwitchMethodAsync(string name, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        await _switching.WaitAsync(cancellationToken).ConfigureAwait(false);
        string? refusal = null;
        try
        {
            ThrowIfDisposed();
            if (name == _method.Name) return true;
            IoMethodPlugin gone = await Task.Run(() => Swap(name, out refusal), CancellationToken.None).ConfigureAwait(false);
            bool isUnloaded = ReferenceEquals(gone, _plugin) || await gone.UnloadAsync(Options.UnloadTimeout).ConfigureAwait(false);
            return refusal is null ? isUnloaded : throw new IoMethodException(refusal);
        }
        finally
        {
            _switching.Release();
        }
    }

    internal void WaitForGate(AioContext context, int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        if (_gate.Wait(timeoutMilliseconds, cancellationToken)) context.SubmitStaged(waitFollows: false);
    }

    internal void StartPoller()
    {
        if (Volatile.Read(ref _poller) is not null) return;
        lock (_methodLock)
        {
            // While the method is being swapped a poller would wait in the one that goes. The switch starts one when it is needed.
            if (_method.Capabilities.IsDriven && !_isPollerBarred) _poller ??= new Poller(this, _method);
        }
    }

    private IoMethodPlugin Choose(string name)
    {
        IoMethodPlugin plugin = IoMethodSelector.Resolve(Catalog, name, SettingsFor, out IReadOnlyList<string> passedOver);
        PassedOver = passedOver;
        return plugin;
    }

    internal IoMethodSettings SettingsFor(string name) => new()
    {
        ContextsMax = Options.ContextsMax,
        HandlesPerContext = Options.HandlesPerContext,
        TimeProvider = Options.TimeProvider,
        Values = Options.MethodSettings.TryGetValue(name, out IDictionary<string, string>? values)
            ? new Dictionary<string, string>(values, StringComparer.OrdinalIgnoreCase)
            : new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase),
    };

    /// <summary>
    /// Swaps to the named method. Neither async nor inlined, and what a plugin throws is kept as text only: no state machine, stack
    /// frame or exception keeps the method that goes alive when this returns.
    /// </summary>
    /// <param name="name">The new method.</param>
    /// <param name="refusal">One line when the new method could not be had, and nothing was changed.</param>
    /// <returns>The plugin to unload: the old one, or the new one that was refused; the one in use when there is nothing to do.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private IoMethodPlugin Swap(string name, out string? refusal)
    {
        lock (SwapLock) return SwapCore(name, out refusal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IoMethodPlugin SwapCore(string name, out string? refusal)
    {
        refusal = null;
        IoMethodPlugin plugin = Choose(name);
        if (ReferenceEquals(plugin, _plugin)) return plugin;
        IoMethod method = plugin.Activate(SettingsFor(plugin.Name));
        AioContext[] contexts = Contexts();
        List<IoMethodContext> prepared = [];
        try
        {
            foreach (AioContext context in contexts) prepared.Add(context.CreateMethodContext(method));
        }
        catch (Exception exception)
        {
            refusal = $"io_method '{plugin.Name}' cannot take over: {exception.Message}";
            foreach (IoMethodContext methodContext in prepared) methodContext.Dispose();
            method.Dispose();
            plugin.BeginDrain();
            return plugin;
        }

        IoMethodPlugin old = _plugin;
        _gate.Reset();
        foreach (AioContext context in contexts) context.CloseGate();
        foreach (AioContext context in contexts) context.DrainForSwitch();
        StopPoller();
        IoMethod oldMethod = _method;
        List<IoMethodContext> gone = [];
        lock (_methodLock)
        {
            for (int index = 0; index < contexts.Length; index++) gone.Add(contexts[index].Install(method, prepared[index])!);
            foreach (BufferArena arena in _arenas) arena.MoveTo(oldMethod, method);
            _method = method;
            _plugin = plugin;
            _isPollerBarred = false;
        }

        foreach (AioContext context in contexts) context.ResumeAfterSwitch();
        _gate.Set();

        // After everything goes on, and under no lock that a completion needs: the old method's threads may be on their way out of one.
        foreach (IoMethodContext methodContext in gone) Guarded(methodContext.Dispose);
        Guarded(oldMethod.Dispose);
        old.BeginDrain();
        return old;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            ReportMethodFault(exception);
        }
    }

    private void StopPoller()
    {
        Poller? poller;
        lock (_methodLock)
        {
            _isPollerBarred = true;
            poller = _poller;
            Volatile.Write(ref _poller, null);
        }

        poller?.Stop();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReleaseMethod()
    {
        IoMethod method = _method;
        lock (_methodLock)
        {
            foreach (BufferArena arena in _arenas) arena.MoveTo(method, null);

            // Whoever still asks gets the answers of a method that does nothing, and the plugin is not held by its system.
            _method = new EndedMethod(method.Name, method.Capabilities);
        }

        Guarded(method.Dispose);
        _plugin.BeginDrain();
    }
}
