using Sluice.Testing;

namespace Sluice.Hosting.Tests;

/// <summary>The public surface changes only on purpose.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task ThePublicSurfaceStays() => Verifier.Verify(PublicApi.Describe(typeof(SluiceOptions).Assembly).TrimEnd());
}
