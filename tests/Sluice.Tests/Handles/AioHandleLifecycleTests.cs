using System.Reflection;

namespace Sluice.Tests;

/// <summary>The life of a handle: every pair of a state and a transition, allowed or refused.</summary>
public sealed class AioHandleLifecycleTests
{
    private static readonly Dictionary<string, (AioHandleState From, AioHandleState To)> s_declared = typeof(AioHandleLifecycle)
        .GetCustomAttributesData()
        .Where(static data => data.AttributeType.Name.StartsWith("AioTransition", StringComparison.Ordinal))
        .ToDictionary(
            static data => (string)data.ConstructorArguments[0].Value!,
            static data => ((AioHandleState)data.ConstructorArguments[1].Value!, (AioHandleState)data.ConstructorArguments[2].Value!));

    public static TheoryData<AioHandleState, string> Pairs
    {
        get
        {
            TheoryData<AioHandleState, string> pairs = [];
            foreach (AioHandleState state in Enum.GetValues<AioHandleState>())
            {
                foreach (string transition in s_declared.Keys) pairs.Add(state, transition);
            }

            return pairs;
        }
    }

    [Fact]
    public void NineTransitionsAreDeclared() => Assert.Equal(9, s_declared.Count);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void ATransitionIsDoneFromItsStateAndRefusedFromEveryOther(AioHandleState state, string transition)
    {
        object lifecycle = Bring(state);
        (AioHandleState from, AioHandleState to) = s_declared[transition];
        MethodInfo? plain = Find(transition);
        MethodInfo? attempt = Find("Try" + transition);
        Assert.True(plain is not null || attempt is not null, $"{transition} is not generated.");
        if (attempt is not null)
        {
            Assert.Equal(state == from, attempt.Invoke(lifecycle, []));
        }
        else if (state == from)
        {
            _ = plain!.Invoke(lifecycle, []);
        }
        else
        {
            TargetInvocationException refusal = Assert.Throws<TargetInvocationException>(() => plain!.Invoke(lifecycle, []));
            _ = Assert.IsType<InvalidOperationException>(refusal.InnerException);
        }

        Assert.Equal(state == from ? to : state, Value(lifecycle));
    }

    private static object Bring(AioHandleState state)
    {
        object lifecycle = default(AioHandleLifecycle);
        string[] way = ["HandOut", "Define", "Stage", "Submit", "CompleteIo", "CompleteShared", "CompleteLocal"];
        for (int step = 0; Value(lifecycle) != state; step++) _ = (Find(way[step]) ?? Find("Try" + way[step]))!.Invoke(lifecycle, []);
        return lifecycle;
    }

    private static MethodInfo? Find(string name) =>
        typeof(AioHandleLifecycle).GetMethod(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []);

    private static AioHandleState Value(object lifecycle) =>
        (AioHandleState)typeof(AioHandleLifecycle).GetProperty(
            "Value", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(lifecycle)!;
}
