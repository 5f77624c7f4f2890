namespace Sluice.Hosting.Tests.Support;

/// <summary>A target of the test host; with it the generator emits the module that scans find.</summary>
[AioTarget("hosting test", CanReopen = false, Callbacks = [typeof(ThrowingCallback)])]
public readonly partial struct TestTarget(int number)
{
    private readonly int _number = number;

    private static string Describe(in TestTarget target) => $"hosting test {target._number}";
}
