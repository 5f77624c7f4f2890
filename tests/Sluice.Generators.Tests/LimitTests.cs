namespace Sluice.Generators.Tests;

/// <summary>The generator cannot reference the runtime, so it repeats these limits.</summary>
public class LimitTests
{
    [Fact]
    public void LimitsAreThoseOfTheRuntime()
    {
        Assert.Equal(Sluice.Limits.TargetBytesMax, Helpers.Limits.TargetBytesMax);
        Assert.Equal(Sluice.Limits.CallbacksMax, Helpers.Limits.CallbacksPerHandleMax);
        Assert.True(Helpers.Limits.IdsPerAssemblyMax <= Sluice.Limits.ModuleIdsMax);
    }
}
