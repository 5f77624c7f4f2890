namespace Sluice.Plugins;

/// <summary>
/// The state machine of a plugin: the table of legal transitions and the only writer of the state. Any thread may read;
/// two writers at once are ordered by compare-exchange, and the one that comes too late for its transition is refused.
/// </summary>
/// <remarks>Mutable struct: keep it in a field that is not readonly, and never copy it.</remarks>
internal struct PluginLifecycle
{
    private int _state;

    /// <summary>The state now.</summary>
    public PluginState State => (PluginState)Volatile.Read(ref _state);

    /// <summary>Whether a plugin may go from one state to another.</summary>
    /// <param name="from">The state it is in.</param>
    /// <param name="to">The state it would be in.</param>
    public static bool IsLegal(PluginState from, PluginState to) => from switch
    {
        PluginState.Discovered => to is PluginState.Loaded or PluginState.Rejected or PluginState.Faulted,
        PluginState.Rejected => false,
        PluginState.Loaded => to is PluginState.Active or PluginState.Draining or PluginState.Faulted,
        PluginState.Active => to is PluginState.Draining or PluginState.Faulted,

        // To loaded: a method that is linked into the host has nothing to unload.
        PluginState.Draining => to is PluginState.Unloaded or PluginState.Leaked or PluginState.Loaded or PluginState.Faulted,
        PluginState.Unloaded => to is PluginState.Loaded or PluginState.Rejected or PluginState.Faulted,

        // To draining: it is looked at again, whether it is gone by now.
        PluginState.Leaked => to is PluginState.Draining or PluginState.Loaded or PluginState.Rejected or PluginState.Faulted,

        // To itself: it was tried again and failed again.
        PluginState.Faulted => to is PluginState.Faulted or PluginState.Draining or PluginState.Loaded or PluginState.Rejected,
        _ => false,
    };

    /// <summary>Goes to a state.</summary>
    /// <param name="to">The state.</param>
    /// <returns>The state it was in before.</returns>
    /// <exception cref="InvalidOperationException">The transition is not legal; the state stays as it is.</exception>
    public PluginState Transition(PluginState to)
    {
        while (true)
        {
            int from = Volatile.Read(ref _state);
            if (!IsLegal((PluginState)from, to))
            {
                throw new InvalidOperationException($"A plugin that is {(PluginState)from} cannot become {to}.");
            }

            if (Interlocked.CompareExchange(ref _state, (int)to, from) == from) return (PluginState)from;
        }
    }
}
