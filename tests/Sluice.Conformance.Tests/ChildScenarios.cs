namespace Sluice.Conformance.Tests;

internal static class ChildScenarios
{
    internal static int Run(string[] arguments) => arguments.Length;
}
