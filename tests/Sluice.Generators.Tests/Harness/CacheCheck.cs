using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Sluice.Generators.Tests.Harness;

/// <summary>What makes a generator incremental: equal input is not worked on again, and no value holds a compilation.</summary>
internal static class CacheCheck
{
    private static readonly Type[] s_banned =
    [
        typeof(ISymbol), typeof(Compilation), typeof(SemanticModel), typeof(SyntaxNode), typeof(SyntaxTree), typeof(SyntaxReference),
        typeof(Location), typeof(AttributeData), typeof(Diagnostic), typeof(SourceText), typeof(Delegate),
    ];

    /// <summary>Runs again on a copy of the compilation: every tracked step must find its value unchanged.</summary>
    public static void AssertNothingRunsAgain(GeneratorDriver driver, CSharpCompilation compilation)
    {
        GeneratorRunResult first = driver.GetRunResult().Results.Single();
        GeneratorRunResult second = driver.RunGenerators(compilation.Clone()).GetRunResult().Results.Single();
        Assert.Equal(first.GeneratedSources.Select(static source => source.SourceText.ToString()), second.GeneratedSources.Select(
            static source => source.SourceText.ToString()));
        foreach ((string name, IncrementalStepRunReason reason) in Reasons(second))
        {
            Assert.True(
                reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged,
                $"The step {name} is {reason} although nothing has changed.");
        }

        foreach ((string name, object value) in Values(first))
        {
            AssertHoldsNoCompilation(name, value, []);
        }
    }

    /// <summary>The reason of each output of each tracked step.</summary>
    public static IEnumerable<(string Step, IncrementalStepRunReason Reason)> Reasons(GeneratorRunResult result) =>
        from step in Tracked(result)
        from run in step.Value
        from output in run.Outputs
        select (step.Key, output.Reason);

    private static IEnumerable<(string Step, object Value)> Values(GeneratorRunResult result) =>
        from step in Tracked(result)
        from run in step.Value
        from output in run.Outputs
        select (step.Key, output.Value);

    private static IEnumerable<KeyValuePair<string, ImmutableArray<IncrementalGeneratorRunStep>>> Tracked(GeneratorRunResult result) =>
        result.TrackedSteps.Where(static step => TrackingNames.All.Contains(step.Key));

    private static void AssertHoldsNoCompilation(string step, object? value, HashSet<object> visited)
    {
        if (value is null or string || value.GetType().IsPrimitive || value.GetType().IsEnum || !visited.Add(value))
        {
            return;
        }

        Type type = value.GetType();
        Assert.False(Array.Exists(s_banned, banned => banned.IsAssignableFrom(type)), $"A value of the step {step} holds a {type}.");
        if (value is IEnumerable items)
        {
            foreach (object? item in items)
            {
                AssertHoldsNoCompilation(step, item, visited);
            }
        }

        for (Type? current = type; current is not null && current != typeof(object); current = current.BaseType)
        {
            foreach (FieldInfo field in current.GetFields(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                AssertHoldsNoCompilation(step, field.GetValue(value), visited);
            }
        }
    }
}
