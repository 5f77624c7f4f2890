using Sluice.Testing;

namespace Sluice.Wal.Tests;

/// <summary>What other assemblies see: a change shows in a snapshot.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task TheLogIsAsItWasReviewed() =>
        Verifier.Verify(PublicApi.Describe(typeof(WriteAheadLog).Assembly)).UseMethodName("Sluice.Wal");
}
