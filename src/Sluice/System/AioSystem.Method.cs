using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice;

/// <summary>The method: choosing it, switching it while I/O runs, the poller that drives it for code that awaits.</summary>
public sealed partial class AioSystem
{
    private readonly SemaphoreSlim _switching = new(1, 1);
    private readonly ManualResetEventSlim _gate = new(initialState: true);

    // Guards the method's members that are not per context against its replacement, and the poller.
    private readonly Lock _methodLock = new();
    private Poller? _poller;

    /// <summary>
    /// Changes the method of the running system, losing nothing: loads and tries the new one, keeps new I/O staged, waits for
    /// what the old one has, swaps, submits what was staged, unloads the old one. When the new one cannot be had, nothing changes.
    /// </summary>
    /// <param name="name">The method's name, or <c>auto</c>.</param>
    /// <param name="cancellationToken">Gives up waiting for another switch to end; a switch that began goes through.</param>
    /// <returns>True when the old plugin is really unloaded; false when something still holds it (state leaked), which is harmless but for its memory.</returns>
    /// <exception cref="IoMethodException">The new method cannot be found or does not work here.</exception>
    public async Task<bool> SwitchMethodAsync(string name, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        await _switching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (name == _method.Name) return true;
            IoMethodPlugin old = await Task.Run(() => Swap(name), CancellationToken.None).ConfigureAwait(false);
            return await old.UnloadAsync(Options.UnloadTimeout).ConfigureAwait(false);
        }
        finally
        {
            _switching.Release();
        }
    }

    internal void WaitForGate(AioContext context)
    {
        _gate.Wait();
        context.SubmitStaged(waitFollows: false);
    }

    internal void StartPoller()
    {
        if (Volatile.Read(ref _poller) is not null) return;
        lock (_methodLock)
        {
            if (_method.Capabilities.IsDriven) _poller ??= new Poller(this, _method);
        }
    }

    private (IoMethodPlugin Plugin, IoMethod Method) Choose(string name)
    {
        IoMethodPlugin plugin = IoMethodSelector.Resolve(Catalog, name, SettingsFor, out IReadOnlyList<string> passedOver);
        IoMethod method = plugin.Activate(SettingsFor(plugin.Name));
        PassedOver = passedOver;
        return (plugin, method);
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

    // Not async and not inlined: no state machine or stack frame keeps the old method alive when this returns.
    private IoMethodPlugin Swap(string name)
    {
        (IoMethodPlugin plugin, IoMethod method) = Choose(name);
        AioContext[] contexts = Contexts();
        List<IoMethodContext> prepared = [];
        try
        {
            foreach (AioContext context in contexts) prepared.Add(context.CreateMethodContext(method));
        }
        catch
        {
            foreach (IoMethodContext methodContext in prepared) methodContext.Dispose();
            method.Dispose();
            plugin.BeginDrain();
            _ = plugin.UnloadAsync(TimeSpan.Zero);
            throw;
        }

        _gate.Reset();
        foreach (AioContext context in contexts) context.CloseGate();
        foreach (AioContext context in contexts) context.DrainForSwitch();
        StopPoller();
        IoMethodPlugin old = _plugin;
        lock (_methodLock)
        {
            IoMethod oldMethod = _method;
            for (int index = 0; index < contexts.Length; index++) contexts[index].Install(method, prepared[index])?.Dispose();
            foreach (BufferArena arena in _arenas) arena.MoveTo(oldMethod, method);
            oldMethod.Dispose();
            _method = method;
            _plugin = plugin;
        }

        _gate.Set();
        foreach (AioContext context in contexts) context.ResumeAfterSwitch();
        old.BeginDrain();
        return old;
    }

    private void StopPoller()
    {
        Poller? poller;
        lock (_methodLock)
        {
            poller = _poller;
            Volatile.Write(ref _poller, null);
        }

        poller?.Stop();
    }

    private void ReleaseMethod()
    {
        lock (_methodLock)
        {
            foreach (BufferArena arena in _arenas) arena.MoveTo(_method, null);
            _method.Dispose();
        }

        _plugin.BeginDrain();
    }
}
