using Sluice.Testing;

namespace Sluice.TempFiles.Tests;

/// <summary>What other assemblies see: a change shows in a snapshot.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task TheApiIsAsItWasReviewed() => Verifier.Verify(PublicApi.Describe(typeof(BufFile).Assembly)).UseMethodName(
        "Sluice.TempFiles");
}
