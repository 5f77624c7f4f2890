using System.Reflection;
using Sluice.Methods;

namespace Sluice.Plugins.Tests;

/// <summary>The tutorial's method completes everything at submission, in one call of the sink, and allocates nothing.</summary>
public sealed class NullMethodTests
{
    [Fact]
    public void ABatchIsCompletedInOneCallWithTheFullLengthOfReadsAndWrites()
    {
        IoRequest[] batch = [Request(7, IoOperation.Read, 8192), Request(8, IoOperation.Write, 512), Request(9, IoOperation.Fdatasync, 0)];
        var sink = new Sink();
        PluginFolder.Use(new IoMethodCatalog().Discover().Get("null"), method =>
        {
            using IoMethodContext context = method.CreateContext(new IoMethodContextOptions(0, 64, 1, sink));
            Assert.Equal(3, context.Submit(batch, waitFollows: false));
        });
        Assert.Equal(1, sink.Calls);
        Assert.Equal([new IoCompletion(7, 8192), new IoCompletion(8, 512), new IoCompletion(9, 0)], sink.Completions);
    }

    [Fact]
    public void SubmittingAllocatesNothing()
    {
        IoRequest[] batch = [.. Enumerable.Range(0, 32).Select(static index => Request((ulong)index, IoOperation.Read, 8192))];
        var sink = new Sink { Keeps = false };
        long allocatedBytes = -1;
        PluginFolder.Use(new IoMethodCatalog().Discover().Get("null"), method =>
        {
            using IoMethodContext context = method.CreateContext(new IoMethodContextOptions(0, 64, 1, sink));
            context.Submit(batch, waitFollows: false);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < 1000; round++) context.Submit(batch, waitFollows: true);
            allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.Equal(0, allocatedBytes);
        Assert.Equal(1001, sink.Calls);
    }

    [Fact]
    public void SettingsAreRefusedBecauseThereAreNone()
    {
        IoMethodPlugin plugin = new IoMethodCatalog().Discover().Get("null");
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings(("depth", "3"))));
        Assert.Equal("io_method 'null' cannot be used: Setting 'depth' is not known: this io_method has no settings.", refusal.Message);
    }

    // Requests are made by the runtime only, so a test has to go around its back.
    private static IoRequest Request(ulong token, IoOperation operation, long lengthBytes)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        ConstructorInfo constructor = Assert.Single(typeof(IoRequest).GetConstructors(Any));
        object?[] arguments = [.. constructor.GetParameters().Select(static parameter =>
            parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null)];
        var request = (IoRequest)constructor.Invoke(arguments);
        typeof(IoRequest).GetProperty(nameof(IoRequest.Token), Any)!.SetValue(request, token);
        typeof(IoRequest).GetProperty(nameof(IoRequest.Operation), Any)!.SetValue(request, operation);
        typeof(IoRequest).GetProperty(nameof(IoRequest.LengthBytes), Any)!.SetValue(request, lengthBytes);
        return request;
    }

    private sealed class Sink : IoCompletionSink
    {
        public bool Keeps { get; init; } = true;

        public int Calls { get; private set; }

        public List<IoCompletion> Completions { get; } = [];

        public override void Complete(ReadOnlySpan<IoCompletion> completions)
        {
            Calls++;
            if (Keeps) Completions.AddRange(completions);
        }
    }
}
