using Sluice.Methods.Sync;
using Sluice.Methods.Tests.Support;

namespace Sluice.Methods.Tests.Sync;

/// <summary>The io_method that has every request executed by its issuer.</summary>
public class SyncMethodTests
{
    [Theory]
    [InlineData(IoOperation.Read)]
    [InlineData(IoOperation.Write)]
    [InlineData(IoOperation.Fsync)]
    [InlineData(IoOperation.Fdatasync)]
    [InlineData(IoOperation.FlushRange)]
    [InlineData(IoOperation.Allocate)]
    public void EveryRequestIsTheIssuersToExecute(IoOperation operation)
    {
        using TestRequests requests = new(1);
        using ScriptedFile file = new();
        using IoMethod method = new SyncMethodFactory().Create(MethodSettings.With());
        using IoMethodContext context = MethodSettings.Context(method, new RecordingSink(1));

        Assert.True(context.NeedsSynchronousExecution(requests.Set(0, file, operation)));
        Assert.Equal(0, file.Executions);
    }

    [Fact]
    public void ASubmitThatShouldNeverHaveComeNamesTheBrokenRule()
    {
        using TestRequests requests = new(1);
        using ScriptedFile file = new();
        using IoMethod method = new SyncMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read);

        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(
            () => context.Submit(requests.All, waitFollows: false));

        Assert.Contains(nameof(IoMethodContext.NeedsSynchronousExecution), refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, sink.Total);
    }

    [Fact]
    public void ItSaysThatItIsSynchronousAndNotDriven()
    {
        using IoMethod method = new SyncMethodFactory().Create(MethodSettings.With());

        Assert.Equal("sync", method.Name);
        Assert.True(method.Capabilities.IsSynchronous);
        Assert.False(method.Capabilities.IsDriven);
    }

    [Fact]
    public void ItHasNoSettings()
    {
        IoMethodSettings settings = MethodSettings.With(("min_workers", "2"));

        IoMethodException refusal = Assert.Throws<IoMethodException>(() => new SyncMethodFactory().Create(settings));

        Assert.Contains("min_workers", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(refusal.Message, new SyncMethodFactory().Probe(settings).Reason);
        Assert.True(new SyncMethodFactory().Probe(MethodSettings.With()).IsAvailable);
    }

    [Fact]
    public void NoSettingCanBeChangedWhileItRuns()
    {
        using IoMethod method = new SyncMethodFactory().Create(MethodSettings.With());

        Assert.False(method.TryChangeSetting("min_workers", "2", out string? refusal));
        Assert.Contains("'min_workers'", refusal, StringComparison.Ordinal);
        Assert.Contains("'sync'", refusal, StringComparison.Ordinal);
    }
}
