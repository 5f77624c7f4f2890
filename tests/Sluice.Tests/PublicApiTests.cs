using Sluice.Testing;

namespace Sluice.Tests;

/// <summary>What other assemblies see: a change shows in a snapshot.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task TheContractIsAsItWasReviewed() =>
        Verifier.Verify(PublicApi.Describe(typeof(IoFile).Assembly)).UseMethodName("Sluice.Abstractions");

    [Fact]
    public Task TheRuntimeIsAsItWasReviewed() => Verifier.Verify(PublicApi.Describe(typeof(AioSystem).Assembly)).UseMethodName("Sluice");
}
