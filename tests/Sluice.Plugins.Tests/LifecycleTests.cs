namespace Sluice.Plugins.Tests;

/// <summary>The state machine of plugins: every pair of states.</summary>
public sealed class LifecycleTests
{
    private static readonly HashSet<(PluginState From, PluginState To)> s_legal =
    [
        (PluginState.Discovered, PluginState.Loaded),
        (PluginState.Discovered, PluginState.Rejected),
        (PluginState.Discovered, PluginState.Faulted),
        (PluginState.Loaded, PluginState.Active),
        (PluginState.Loaded, PluginState.Draining),
        (PluginState.Loaded, PluginState.Faulted),
        (PluginState.Active, PluginState.Draining),
        (PluginState.Active, PluginState.Faulted),
        (PluginState.Draining, PluginState.Unloaded),
        (PluginState.Draining, PluginState.Leaked),
        (PluginState.Draining, PluginState.Loaded),
        (PluginState.Draining, PluginState.Faulted),
        (PluginState.Unloaded, PluginState.Loaded),
        (PluginState.Unloaded, PluginState.Rejected),
        (PluginState.Unloaded, PluginState.Faulted),
        (PluginState.Leaked, PluginState.Draining),
        (PluginState.Leaked, PluginState.Loaded),
        (PluginState.Leaked, PluginState.Rejected),
        (PluginState.Leaked, PluginState.Faulted),
        (PluginState.Faulted, PluginState.Faulted),
        (PluginState.Faulted, PluginState.Draining),
        (PluginState.Faulted, PluginState.Loaded),
        (PluginState.Faulted, PluginState.Rejected),
    ];

    [Fact]
    public void EveryLegalTransitionIsDoneAndEveryOtherIsRefusedAndChangesNothing()
    {
        foreach (PluginState from in Enum.GetValues<PluginState>())
        {
            foreach (PluginState to in Enum.GetValues<PluginState>())
            {
                PluginLifecycle lifecycle = In(from);
                if (s_legal.Contains((from, to)))
                {
                    Assert.Equal(from, lifecycle.Transition(to));
                    Assert.Equal(to, lifecycle.State);
                    continue;
                }

                InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => Go(from, to));
                Assert.Equal($"A plugin that is {from} cannot become {to}.", refusal.Message);
            }
        }
    }

    [Fact]
    public void EveryStateCanBeReachedAndOnlyRejectedIsFinal()
    {
        foreach (PluginState state in Enum.GetValues<PluginState>())
        {
            Assert.Equal(state, In(state).State);
            Assert.Equal(state != PluginState.Rejected, s_legal.Any(pair => pair.From == state));
        }
    }

    private static void Go(PluginState from, PluginState to)
    {
        PluginLifecycle lifecycle = In(from);
        try
        {
            lifecycle.Transition(to);
        }
        finally
        {
            Assert.Equal(from == to && s_legal.Contains((from, to)) ? to : from, lifecycle.State);
        }
    }

    private static PluginLifecycle In(PluginState state)
    {
        PluginState[] way = state switch
        {
            PluginState.Discovered => [],
            PluginState.Rejected => [PluginState.Rejected],
            PluginState.Loaded => [PluginState.Loaded],
            PluginState.Active => [PluginState.Loaded, PluginState.Active],
            PluginState.Draining => [PluginState.Loaded, PluginState.Draining],
            PluginState.Unloaded => [PluginState.Loaded, PluginState.Draining, PluginState.Unloaded],
            PluginState.Leaked => [PluginState.Loaded, PluginState.Draining, PluginState.Leaked],
            PluginState.Faulted => [PluginState.Faulted],
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };
        var lifecycle = default(PluginLifecycle);
        foreach (PluginState step in way) lifecycle.Transition(step);
        return lifecycle;
    }
}
