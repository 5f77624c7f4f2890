using Sluice.Testing;

namespace Sluice.Storage.Tests;

/// <summary>What other assemblies see: a change shows in a snapshot.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task TheStorageIsAsItWasReviewed() =>
        Verifier.Verify(PublicApi.Describe(typeof(StorageManager).Assembly)).UseMethodName("Sluice.Storage");
}
