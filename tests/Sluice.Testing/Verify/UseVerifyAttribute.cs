using System.Reflection;
using Xunit.Sdk;

namespace VerifyXunit;

/// <summary>Tells the verifier which test is running. Stands on the assembly; see UseSnapshots.targets.</summary>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Method)]
public sealed class UseVerifyAttribute : BeforeAfterTestAttribute
{
    private static readonly AsyncLocal<MethodInfo?> s_current = new();

    internal static MethodInfo Current => s_current.Value
        ?? throw new InvalidOperationException("Verify was called outside of a test, or the project does not import UseSnapshots.targets.");

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest) => s_current.Value = methodUnderTest;

    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest) => s_current.Value = null;
}
