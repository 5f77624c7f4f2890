using System.Reflection;
using System.Reflection.Emit;
using Sluice.Simulation.Tests.Examples;

namespace Sluice.Simulation.Tests;

/// <summary>Scenarios are found by their attribute, in any assembly.</summary>
public sealed class CatalogTests
{
    [Fact]
    public void TheScenariosOfSluiceHaveNamesInOrder()
    {
        string[] names = [.. ScenarioCatalog.All.Select(static scenario => scenario.Name)];
        Assert.Equal(["append-log", "atomic-file", "mirror", "poisoned-file", "runtime-storm"], names);
        Assert.All(ScenarioCatalog.All, static scenario => Assert.Null(scenario.AssemblyPath));
    }

    [Fact]
    public void ScenariosOfAnotherAssemblyAreListedWithThoseOfSluice()
    {
        IReadOnlyList<ScenarioInfo> both = ScenarioCatalog.In(typeof(ScenarioCatalog).Assembly, typeof(AccountsScenario).Assembly);
        Assert.Equal(
            [.. ScenarioCatalog.All.Select(static scenario => scenario.Name).Append("accounts").Order(StringComparer.Ordinal)],
            both.Select(static scenario => scenario.Name));
        ScenarioInfo accounts = ScenarioCatalog.Get("accounts", both);
        Assert.IsType<AccountsScenario>(accounts.Create());
        Assert.EndsWith(
            $"--assembly {typeof(AccountsScenario).Assembly.Location}", accounts.ParametersFor(1).Command, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAssemblyIsLoadedFromItsFile() =>
        Assert.Equal("accounts", Assert.Single(ScenarioCatalog.Load(typeof(AccountsScenario).Assembly.Location)).Name);

    [Fact]
    public void AnAssemblyThatCannotBeTakenIsRefusedWithAReason()
    {
        string none = Path.Combine(AppContext.BaseDirectory, "none.dll");
        Assert.Contains("There is no assembly", Refusal(() => ScenarioCatalog.Load(none)), StringComparison.Ordinal);
        string text = Path.Combine(AppContext.BaseDirectory, "seeds.txt");
        Assert.Contains("cannot be loaded", Refusal(() => ScenarioCatalog.Load(text)), StringComparison.Ordinal);
        Assert.Contains(
            "has no scenarios", Refusal(() => ScenarioCatalog.Load(typeof(SimulatedDisk).Assembly.Location)), StringComparison.Ordinal);
    }

    [Fact]
    public void TwoOfOneNameAreRefused() =>
        Assert.Contains(
            "both called 'accounts'",
            Refusal(() => ScenarioCatalog.In(typeof(AccountsScenario).Assembly, typeof(AccountsScenario).Assembly)),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("Not A Name", typeof(Scenario), "lower case")]
    [InlineData("name", typeof(object), "derive from Scenario")]
    [InlineData("name", typeof(NeedsMore), "a constructor without parameters")]
    public void AnAttributeInTheWrongPlaceIsRefused(string name, Type parent, string text)
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("wrong"), AssemblyBuilderAccess.Run);
        TypeBuilder type = assembly.DefineDynamicModule("wrong").DefineType(
            "Wrong", parent == typeof(Scenario) ? TypeAttributes.Abstract : TypeAttributes.Public, parent);
        if (parent == typeof(NeedsMore))
        {
            type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(int)]).GetILGenerator().Emit(OpCodes.Ret);
        }

        ConstructorInfo attribute = typeof(ScenarioAttribute).GetConstructor([typeof(string), typeof(string)])!;
        type.SetCustomAttribute(new CustomAttributeBuilder(attribute, [name, "a mistake"]));
        type.CreateType();
        Assert.Contains(text, Refusal(() => ScenarioCatalog.In(assembly)), StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownNameListsThoseThereAre() =>
        Assert.Contains(
            "there are: append-log, atomic-file",
            Assert.Throws<KeyNotFoundException>(static () => ScenarioCatalog.Get("nope")).Message,
            StringComparison.Ordinal);

    private static string Refusal(Action action) => Assert.Throws<InvalidOperationException>(action).Message;

    public class NeedsMore : Scenario
    {
        public override Task WorkAsync(SimulationRun run) => Task.CompletedTask;

        public override Task CheckAsync(SimulationRun run) => Task.CompletedTask;
    }
}
