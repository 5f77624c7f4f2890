using Sluice.Testing.Tests.SurfaceSample;

namespace Sluice.Testing.Tests;

/// <summary>The printer of public surfaces shows every kind of member that a change could break a user by.</summary>
public class PublicApiTests
{
    [Fact]
    public Task EveryKindOfTypeAndMemberIsShown() =>
        Verifier.Verify(PublicApi.Describe(typeof(Surface).Assembly, typeof(Surface).Namespace));

    [Fact]
    public void LinesAreSorted()
    {
        string[] types = [.. PublicApi.Describe(typeof(PublicApi).Assembly).Split('\n').Where(
            static line => line.Length > 0 && !line.StartsWith(' '))];
        Assert.Contains("public static class Sluice.Testing.PublicApi", types);
    }
}
