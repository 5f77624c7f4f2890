using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sluice.Hosting.Tests.Support;

namespace Sluice.Hosting.Tests;

/// <summary>Options come from the configuration, then from code, and every mistake in them is a line that names its key.</summary>
public sealed class OptionsTests
{
    [Fact]
    public async Task EveryKeyOfTheSectionIsBound()
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "io_methods");
        await using TestHost host = new(
        [
            ("Sluice:Method", "worker"), ("Sluice:HandlesPerContext", "9"), ("Sluice:VectorsPerHandle", "3"), ("Sluice:ContextsMax", "5"),
            ("Sluice:SharedContexts", "2"), ("Sluice:UnloadTimeout", "00:00:03"), ("Sluice:PluginDirectories:0", directory),
            ("sluice:methodsettings:worker:max_workers", "4"),
        ]);
        await host.StartAsync();
        AioSystemOptions options = host.System.Options;
        Assert.Equal("worker", options.Method);
        Assert.Equal("worker", host.System.MethodName);
        Assert.Equal(9, options.HandlesPerContext);
        Assert.Equal(3, options.VectorsPerHandle);
        Assert.Equal(5, options.ContextsMax);
        Assert.Equal(2, options.SharedContexts);
        Assert.Equal(TimeSpan.FromSeconds(3), options.UnloadTimeout);
        Assert.Equal("4", options.MethodSettings["worker"]["MAX_WORKERS"]);
        Assert.Equal([directory], host.Services.GetRequiredService<IOptions<SluiceOptions>>().Value.PluginDirectories);
    }

    [Fact]
    public void WithoutConfigurationTheDefaultsAreThoseOfTheSystem()
    {
        ServiceCollection services = [];
        services.AddSluice();
        using ServiceProvider provider = services.BuildServiceProvider();
        SluiceOptions options = provider.GetRequiredService<IOptions<SluiceOptions>>().Value;
        AioSystemOptions defaults = new();
        Assert.Equal(defaults.Method, options.Method);
        Assert.Equal(defaults.HandlesPerContext, options.HandlesPerContext);
        Assert.Equal(defaults.VectorsPerHandle, options.VectorsPerHandle);
        Assert.Equal(defaults.ContextsMax, options.ContextsMax);
        Assert.Equal(defaults.SharedContexts, options.SharedContexts);
        Assert.Equal(defaults.UnloadTimeout, options.UnloadTimeout);
    }

    [Fact]
    public void CodeComesAfterConfiguration()
    {
        IConfiguration configuration = Configuration(("Method", "worker"), ("HandlesPerContext", "9"));
        ServiceCollection services = [];
        services.AddSluice(configuration, static options => options.Method = "sync");
        using ServiceProvider provider = services.BuildServiceProvider();
        SluiceOptions options = provider.GetRequiredService<IOptions<SluiceOptions>>().Value;
        Assert.Equal("sync", options.Method);
        Assert.Equal(9, options.HandlesPerContext);
    }

    [Theory]
    [InlineData("Method", "", "X:Method is empty: give a name, or 'auto'.")]
    [InlineData("HandlesPerContext", "0", "X:HandlesPerContext is 0: give a number from 1 to 1024.")]
    [InlineData("HandlesPerContext", "many", "X:HandlesPerContext is 'many': give a whole number.")]
    [InlineData("VectorsPerHandle", "129", "X:VectorsPerHandle is 129: give a number from 1 to 128.")]
    [InlineData("ContextsMax", "1025", "X:ContextsMax is 1025: give a number from 1 to 1024.")]
    [InlineData("SharedContexts", "-1", "X:SharedContexts is -1: give a number from 0 to 64.")]
    [InlineData("UnloadTimeout", "soon", "X:UnloadTimeout is 'soon': give a time, such as 00:00:10.")]
    [InlineData("UnloadTimeout", "-00:00:01", "X:UnloadTimeout is -00:00:01: give a time that is not negative.")]
    [InlineData("PluginDirectories", "/a", "X:PluginDirectories is '/a': give a list, such as X:PluginDirectories:0 = /a.")]
    [InlineData("PluginDirectories:0", "", "X:PluginDirectories:0 is empty: give a folder, or remove it.")]
    [InlineData(
        "PluginDirectories:0",
        "/not/there",
        "X:PluginDirectories:0 is '/not/there', which is no folder: make it, or correct the path.")]
    [InlineData(
        "MethodSettings:worker",
        "4",
        "X:MethodSettings:worker is '4': give settings below it, such as X:MethodSettings:worker:max_workers.")]
    [InlineData("MethodSettings:worker:max_workers", null, "X:MethodSettings:worker:max_workers has no value: give one, or remove it.")]
    [InlineData(
        "Handles",
        "4",
        "X:Handles is not known: remove it, or write one of Method, HandlesPerContext, VectorsPerHandle, ContextsMax, "
            + "SharedContexts, UnloadTimeout, PluginDirectories, MethodSettings.")]
    public void AMistakeIsOneLineThatNamesItsKey(string key, string? value, string line)
    {
        ServiceCollection services = [];
        services.AddSluice(Configuration(("X:" + key, value)).GetSection("X"));
        using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(
            () => provider.GetRequiredService<IOptions<SluiceOptions>>().Value);
        Assert.Equal([line], exception.Failures);
    }

    [Fact]
    public async Task AllMistakesAreToldTogetherAtTheStart()
    {
        await using TestHost host = new([("Sluice:HandlesPerContext", "0"), ("Sluice:ContextsMax", "x"), ("Sluice:Methud", "sync")]);
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Equal(3, exception.Failures.Count());
        Assert.All(exception.Failures, static line => Assert.DoesNotContain('\n', line));
    }

    [Fact]
    public void AHostHasOneSystem()
    {
        ServiceCollection services = [];
        services.AddSluice();
        Assert.Throws<InvalidOperationException>(() => services.AddSluice());
    }

    private static IConfigurationRoot Configuration(params (string Key, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(
            values.Select(static value => KeyValuePair.Create(value.Key, value.Value))).Build();
}
