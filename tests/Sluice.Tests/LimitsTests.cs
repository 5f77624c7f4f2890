using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>The relations between the constants, and the sizes of the structs that the hot path copies.</summary>
public sealed class LimitsTests
{
    [Fact]
    public void TheConstantsFitEachOther()
    {
        Assert.True(
            (long)Limits.ContextsMax * Limits.HandlesPerContextMax <= 1L << Limits.TokenIndexBits, "A token has room for every handle.");
        Assert.Equal(60, Limits.TokenIndexBits + Limits.TokenGenerationBits);
        Assert.True(Limits.VectorsMax <= 1024, "The system takes at most IOV_MAX vectors.");
        Assert.Equal(0, Limits.TransferBytesMax % 4096);
        Assert.True(Limits.TransferBytesMax <= int.MaxValue, "A result is an Int32.");
        Assert.Equal(0, Limits.TargetBytesMax % sizeof(ulong));
        Assert.Equal(byte.MaxValue, Limits.ModuleIdsMax);
        Assert.True(Limits.StagedMax <= Limits.HandlesPerContextMax);
    }

    [Fact]
    public void HotStructsKeepTheirSizes()
    {
        Assert.Equal(16, Unsafe.SizeOf<IoVector>());
        Assert.Equal(16, Unsafe.SizeOf<IoCompletion>());
        Assert.True(Unsafe.SizeOf<AioResult>() <= 24);
        Assert.Equal(16, Unsafe.SizeOf<WaitReference>());
        Assert.Equal(48, Unsafe.SizeOf<AioTargetData>());
        Assert.Equal(8, Unsafe.SizeOf<IoOutcome>());
        Assert.Equal(8, Unsafe.SizeOf<GenericFileTarget>());
    }

    [Fact]
    public void ATokenNamesHandleAndGenerationAndLeavesFourBitsToTheMethod()
    {
        using AioSystem system = TestSystem.Start("null", handles: 4);
        using AioContext context = system.CreateContext();
        HashSet<ulong> tokens = [];
        for (int round = 0; round < 3; round++)
        {
            AioHandle handle = context.Acquire();
            ulong token = handle.Token;
            Assert.True(tokens.Add(token), "Each use has a token of its own.");
            Assert.Equal(0UL, token >> 60);
            Assert.Equal((ulong)handle.Index, token & Limits.TokenIndexMask);
            Assert.Equal(handle.Generation, token >> Limits.TokenIndexBits);
            handle.Release();
        }
    }
}
