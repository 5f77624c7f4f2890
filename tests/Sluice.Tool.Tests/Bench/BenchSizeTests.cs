using Sluice.Tool.Bench;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Tests.Bench;

/// <summary>Sizes on the command line of bench.</summary>
public sealed class BenchSizeTests
{
    [Theory]
    [InlineData("8k", 8192)]
    [InlineData("8K", 8192)]
    [InlineData("1G", 1L << 30)]
    [InlineData("128KiB", 131072)]
    [InlineData("4096", 4096)]
    [InlineData("2MB", 2L << 20)]
    [InlineData("3t", 3L << 40)]
    public void SizesAreReadAsPeopleWriteThem(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("-1")]
    [InlineData("1.5G")]
    [InlineData("8x")]
    [InlineData("99999999999999T")]
    public void WhatIsNoSizeIsRefused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(8192)]
    [InlineData(1536)]
    [InlineData(1L << 30)]
    [InlineData((1L << 40) + 1024)]
    public void ASizeInACommandIsReadBackExactly(long bytes)
    {
        Assert.True(ByteSize.TryParse(BenchText.Argument(bytes), out long read));
        Assert.Equal(bytes, read);
    }
}
