using Microsoft.Extensions.DependencyInjection;
using Scrutor;
using Sluice.Hosting.Tests.Support;

namespace Sluice.Hosting.Tests;

/// <summary>Scans find modules and linked methods, say what they did with each type, and take none twice.</summary>
public sealed class ScanTests
{
    [Fact]
    public Task AScanSaysWhatItDidWithEachType()
    {
        SluiceBuilder builder = new ServiceCollection().AddSluice().ScanAssemblyOf<Script>();
        return Verifier.Verify(string.Join('\n', builder.Scanned));
    }

    [Fact]
    public async Task AScannedMethodIsUsedAndAScannedModuleIsRegistered()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        Assert.Equal("scripted", host.System.MethodName);
        Assert.Contains(SluiceHostingTestsAioModule.Instance, host.System.Options.Modules);
        Assert.NotEqual(default, ThrowingCallback.Id);
    }

    [Fact]
    public async Task AMethodIsAddedByName()
    {
        await using TestHost host = new([("Sluice:Method", "another")], static sluice => sluice.AddMethod<AnotherMethodFactory>("another"));
        await host.StartAsync();
        Assert.Equal("another", host.System.MethodName);
    }

    [Fact]
    public void AnAssemblyScannedTwiceThrows()
    {
        SluiceBuilder builder = new ServiceCollection().AddSluice().ScanAssemblyOf<Script>();
        Assert.Throws<DuplicateTypeRegistrationException>(() => builder.ScanAssemblyOf<TestTarget>());
    }

    [Fact]
    public void AModuleAddedAndScannedThrows()
    {
        SluiceBuilder builder = new ServiceCollection().AddSluice().AddModule(SluiceHostingTestsAioModule.Instance);
        Assert.Throws<DuplicateTypeRegistrationException>(() => builder.ScanAssemblyOf<Script>());
        Assert.Throws<DuplicateTypeRegistrationException>(() => builder.AddModule(SluiceHostingTestsAioModule.Instance));
    }

    [Fact]
    public void TwoMethodsOfOneNameThrow()
    {
        SluiceBuilder builder = new ServiceCollection().AddSluice().ScanAssemblyOf<Script>();
        ArgumentException exception = Assert.Throws<ArgumentException>(() => builder.AddMethod<AnotherMethodFactory>("scripted"));
        Assert.StartsWith("The io_method 'scripted' is linked twice, by ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AScanOfChosenTypesTakesOnlyThem()
    {
        SluiceBuilder builder = new ServiceCollection().AddSluice().Scan(
            static scan => scan.FromTypes(typeof(SluiceHostingTestsAioModule), typeof(string)));
        Assert.Equal("Sluice.Hosting.Tests.SluiceHostingTestsAioModule -> AioModule, Singleton", Assert.Single(builder.Scanned).ToString());
    }
}
