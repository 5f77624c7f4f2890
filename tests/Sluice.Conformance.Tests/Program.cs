namespace Sluice.Conformance.Tests;

/// <summary>The tests start this assembly again as a child process for what changes a process for good.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => arguments.Length == 0 ? 0 : ChildScenarios.Run(arguments);
}
