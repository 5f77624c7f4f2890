namespace Sluice.Conformance.Tests;

/// <summary>Every pair of state and transition of a handle's life: what the table does not allow is refused and changes nothing.</summary>
public sealed class LifecycleTests
{
    private delegate void Transition(ref AioHandleLifecycle lifecycle);

    private static readonly Dictionary<string, Transition> s_transitions = new()
    {
        ["HandOut"] = static (ref lifecycle) => lifecycle.HandOut(),
        ["Release"] = static (ref lifecycle) => lifecycle.Release(),
        ["Define"] = static (ref lifecycle) => lifecycle.Define(),
        ["Stage"] = static (ref lifecycle) => lifecycle.Stage(),
        ["Submit"] = static (ref lifecycle) => lifecycle.Submit(),
        ["CompleteIo"] = static (ref lifecycle) => lifecycle.CompleteIo(),
        ["CompleteShared"] = static (ref lifecycle) => lifecycle.CompleteShared(),
        ["CompleteLocal"] = static (ref lifecycle) => lifecycle.CompleteLocal(),
        ["Reclaim"] = static (ref lifecycle) => lifecycle.Reclaim(),
    };

    private static readonly string[] s_wholeLife =
    [
        "HandOut", "Define", "Stage", "Submit", "CompleteIo", "CompleteShared", "CompleteLocal", "Reclaim",
    ];

    [Fact]
    public void TheTableNamesEveryTransitionAndNoOther()
    {
        HashSet<string> names = [];
        foreach ((string name, _, _, _) in AioHandleLifecycle.Transitions) names.Add(name);
        Assert.Equal(s_transitions.Keys.Order(), names.Order());
    }

    [Fact]
    public void EachTransitionIsLegalExactlyWhereTheTableSaysSo()
    {
        foreach (AioHandleState from in Enum.GetValues<AioHandleState>())
        {
            foreach ((string name, Transition transition) in s_transitions)
            {
                AioHandleLifecycle lifecycle = In(from);
                if (Target(name, from) is { } to)
                {
                    transition(ref lifecycle);
                    Assert.Equal(to, lifecycle.Value);
                    Assert.True(AioHandleLifecycle.IsLegal(from, to));
                    continue;
                }

                InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => transition(ref lifecycle));
                Assert.Contains(name, refusal.Message);
                Assert.Contains(from.ToString(), refusal.Message);
                Assert.Equal(from, lifecycle.Value);
            }
        }
    }

    [Fact]
    public void EveryOtherPairOfStatesIsIllegal()
    {
        int legal = 0;
        foreach (AioHandleState from in Enum.GetValues<AioHandleState>())
        {
            foreach (AioHandleState to in Enum.GetValues<AioHandleState>())
            {
                if (AioHandleLifecycle.IsLegal(from, to)) legal++;
            }
        }

        Assert.Equal(AioHandleLifecycle.Transitions.Length, legal);
    }

    [Fact]
    public void OfManyThreadsThatCompleteOneIoOneWins()
    {
        for (int round = 0; round < 1000; round++)
        {
            AioHandleLifecycle[] shared = [In(AioHandleState.Submitted)];
            int winners = 0;
            Parallel.For(0, 4, _ =>
            {
                if (shared[0].TryCompleteIo()) Interlocked.Increment(ref winners);
            });
            Assert.Equal(1, winners);
        }
    }

    private static AioHandleState? Target(string name, AioHandleState from)
    {
        foreach ((string candidate, AioHandleState source, AioHandleState to, _) in AioHandleLifecycle.Transitions)
        {
            if (candidate == name && source == from) return to;
        }

        return null;
    }

    private static AioHandleLifecycle In(AioHandleState state)
    {
        AioHandleLifecycle lifecycle = default;
        foreach (string step in s_wholeLife)
        {
            if (lifecycle.Value == state) break;
            s_transitions[step](ref lifecycle);
        }

        Assert.Equal(state, lifecycle.Value);
        return lifecycle;
    }
}
