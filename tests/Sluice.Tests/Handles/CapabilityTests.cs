using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>What a kind of file, or a method, says it cannot do is refused with a reason before anything is started.</summary>
public sealed unsafe class CapabilityTests
{
    [Fact]
    public void AFileTakesNoMoreAtOnceThanItsDepth()
    {
        using LinkedMethod method = new() { Holds = true };
        using AioSystem system = TestSystem.Start(method);
        using AioContext context = system.CreateContext();
        using MemoryFile file = new(new byte[64], new IoFileCapabilities { DepthMax = 2 });
        byte* memory = stackalloc byte[8];
        for (int count = 0; count < 2; count++) StartRead(context, file, memory);

        AioHandle third = context.Acquire();
        third.SetVector(new IoVector(memory, 8));
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => third.StartRead(file, 0));

        Assert.Contains("at most 2 I/Os at once", refusal.Message, StringComparison.Ordinal);
        third.Release();
        method.AwaitHeld(2);
        Assert.Equal(2, method.LetGo());
        StartRead(context, file, memory);
        method.AwaitHeld(1);
        Assert.Equal(1, method.LetGo());
    }

    [Fact]
    public void SpaceIsNotReservedForAFileThatCannot()
    {
        using LinkedMethod method = new();
        using AioSystem system = TestSystem.Start(method);
        using AioContext context = system.CreateContext();
        using MemoryFile file = new(new byte[64], new IoFileCapabilities { CanAllocate = false });

        AioHandle handle = context.Acquire();
        NotSupportedException refusal = Assert.Throws<NotSupportedException>(() => handle.StartAllocate(file, 0, 8));

        Assert.Contains("memory", refusal.Message, StringComparison.Ordinal);
        handle.Release();
    }

    [Fact]
    public void ASystemWithMoreHandlesThanTheMethodTakesIsRefused()
    {
        using LinkedMethod method = new() { DepthMax = 8 };

        IoMethodException refusal = Assert.Throws<IoMethodException>(() => TestSystem.Start(method, handles: 9));

        Assert.Contains("HandlesPerContext", refusal.Message, StringComparison.Ordinal);
        TestSystem.Start(method, handles: 8).Dispose();
    }

    private static void StartRead(AioContext context, IoFile file, byte* memory)
    {
        AioHandle handle = context.Acquire();
        handle.SetVector(new IoVector(memory, 8));
        handle.StartRead(file, 0);
    }
}
