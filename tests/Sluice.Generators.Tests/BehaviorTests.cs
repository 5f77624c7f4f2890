using System.Globalization;
using System.Reflection;
using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>What the emitted machines do, for every state and every transition.</summary>
public class BehaviorTests
{
    private static readonly Lazy<Type> s_handle = new(
        static () => GeneratorRun.Clean(Sources.HandleMachine).Load().GetType("My.App.HandleMachine")!);
    private static readonly Lazy<Type> s_door = new(
        static () => GeneratorRun.Clean(Sources.BranchingMachine).Load().GetType("My.App.DoorMachine")!);

    /// <summary>The table that the attributes in <see cref="Sources.HandleMachine"/> declare, written out a second time.</summary>
    private static readonly (string Name, int From, int To)[] s_handleTable =
    [
        ("HandOut", 0, 1), ("Release", 1, 0), ("Define", 1, 2), ("Stage", 2, 3), ("Submit", 3, 4), ("CompleteIo", 4, 5), (
            "TryCompleteIo", 4, 5),
        ("CompleteShared", 5, 6), ("CompleteLocal", 6, 7), ("Reclaim", 7, 0),
    ];

    private static readonly (string Name, int From, int To)[] s_doorTable =
    [
        ("Push", 0, 1), ("Push", 1, 2), ("Pull", 1, 0), ("Pull", 2, 0), ("Turn", 2, 3), ("Turn", 3, 2), ("TryTurn", 2, 3), (
            "TryTurn", 3, 2),
        ("Break", 3, 0), ("TryBreak", 3, 0),
    ];

    public static TheoryData<int, string> HandlePairs => Pairs(s_handleTable, 8);

    public static TheoryData<int, string> DoorPairs => Pairs(s_doorTable, 4);

    [Theory]
    [MemberData(nameof(HandlePairs))]
    public void TheHandleMachineObeysItsTable(int state, string transition) =>
        AssertObeys(s_handle.Value, s_handleTable, state, transition);

    [Theory]
    [MemberData(nameof(DoorPairs))]
    public void TheBranchingMachineObeysItsTable(int state, string transition) => AssertObeys(s_door.Value, s_doorTable, state, transition);

    [Fact]
    public void EveryTransitionHasAMethodAndNoOther()
    {
        string[] names = [.. s_handle.Value.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(static method => !method.IsSpecialName).Select(static method => method.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(s_handleTable.Select(static row => row.Name).Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public void OnlyDeclaredPairsAreLegal()
    {
        MethodInfo isLegal = s_handle.Value.GetMethod("IsLegal")!;
        Type states = isLegal.GetParameters()[0].ParameterType;
        for (int from = -1; from <= 8; from++)
        {
            for (int to = -1; to <= 8; to++)
            {
                bool expected = s_handleTable.Any(row => row.From == from && row.To == to);
                Assert.Equal(expected, isLegal.Invoke(null, [Enum.ToObject(states, from), Enum.ToObject(states, to)]));
            }
        }
    }

    [Fact]
    public void ARefusalNamesMachineTransitionStateAndWhereItIsLegal()
    {
        object machine = InState(s_handle.Value, 2);
        TargetInvocationException thrown = Assert.Throws<TargetInvocationException>(
            () => s_handle.Value.GetMethod("Submit")!.Invoke(machine, null));
        Assert.Equal("HandleMachine refuses Submit in state Defined; it is legal in Staged.", thrown.InnerException!.Message);
    }

    [Fact]
    public void OfManyThreadsThatRaceForATransitionOneWins()
    {
        Func<int, int> race = (Func<int, int>)GeneratorRun.Clean(Sources.HandleMachine, """
            namespace My.App;

            public class Race
            {
                private HandleMachine _machine;

                public static Func<int, int> Run { get; } = static threads => new Race().Count(threads);

                private int Count(int threads)
                {
                    _machine.HandOut(); _machine.Define(); _machine.Stage(); _machine.Submit();
                    int won = 0;
                    System.Threading.Tasks.Parallel.For(0, threads, _ =>
                    {
                        if (_machine.TryCompleteIo()) System.Threading.Interlocked.Increment(ref won);
                    });
                    return won;
                }
            }
            """).Load().GetType("My.App.Race")!.GetProperty("Run")!.GetValue(null)!;
        for (int round = 0; round < 100; round++)
        {
            Assert.Equal(1, race(8));
        }
    }

    [Fact]
    public void TheDiagramShowsEveryTransition()
    {
        string diagram = (string)s_handle.Value.GetField("Diagram")!.GetRawConstantValue()!;
        Assert.StartsWith("stateDiagram-v2\n    [*] --> Idle\n", diagram, StringComparison.Ordinal);
        Assert.Equal(2 + 9, diagram.TrimEnd('\n').Split('\n').Length);
    }

    [Fact]
    public void ADescriptionIsTheSameInEveryCulture()
    {
        Type target = GeneratorRun.Clean("""
            [AioTarget("t {x}", CanReopen = false)]
            public partial record struct T(int A, double B, DateTime @class)
            {
                public static string Text => Show(new T(-5, -1.5, new DateTime(2020, 2, 3)));
                private static string Show<X>(X target) where X : unmanaged, IAioTarget<X> => X.Describe(in target);
            }
            """).Load().GetType("T")!;
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo hostile = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            hostile.NumberFormat.NegativeSign = "\u2212";
            hostile.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = hostile;
            Assert.Equal("t {x}(A=-5, B=-1.5, class=02/03/2020 00:00:00)", target.GetProperty("Text")!.GetValue(null));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static TheoryData<int, string> Pairs((string Name, int From, int To)[] table, int states)
    {
        TheoryData<int, string> pairs = [];
        foreach (string name in table.Select(static row => row.Name).Distinct())
        {
            for (int state = 0; state < states; state++)
            {
                pairs.Add(state, name);
            }
        }

        return pairs;
    }

    private static void AssertObeys(Type type, (string Name, int From, int To)[] table, int state, string transition)
    {
        object machine = InState(type, state);
        MethodInfo method = type.GetMethod(transition, Type.EmptyTypes)!;
        (string Name, int From, int To)[] legal = [.. table.Where(row => row.Name == transition && row.From == state)];
        if (legal is [var row])
        {
            Assert.Equal(method.ReturnType == typeof(bool) ? true : null, method.Invoke(machine, null));
            Assert.Equal(row.To, StateOf(machine));
            return;
        }

        if (method.ReturnType == typeof(bool))
        {
            Assert.Equal(false, method.Invoke(machine, null));
        }
        else
        {
            TargetInvocationException thrown = Assert.Throws<TargetInvocationException>(() => method.Invoke(machine, null));
            Assert.IsType<InvalidOperationException>(thrown.InnerException);
        }

        Assert.Equal(state, StateOf(machine));
    }

    private static object InState(Type type, int state)
    {
        object machine = Activator.CreateInstance(type)!;
        type.GetField("_state", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(machine, state);
        return machine;
    }

    private static int StateOf(object machine) => Convert.ToInt32(
        machine.GetType().GetProperty("Value", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(
            machine), CultureInfo.InvariantCulture);
}
