using Sluice.Tool.Infrastructure;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sluice.Tool.Tests.Infrastructure;

/// <summary>What the bars of <c>verify</c> and <c>copy</c> show: speeds in powers of 1024, under their names.</summary>
public sealed class ByteProgressTests
{
    [Theory]
    [InlineData(null, "?/s")]
    [InlineData(0.0, "0 B/s")]
    [InlineData(1e6, "977 KiB/s")]
    [InlineData(530.0 * (1 << 20), "530 MiB/s")]
    [InlineData(1.5 * (1 << 30), "1.5 GiB/s")]
    public void ASpeedHasPowersOf1024(double? bytesPerSecond, string text) => Assert.Equal(text, ByteSpeedColumn.Format(bytesPerSecond));

    [Fact]
    public void TheBarShowsTheSpeedInThoseUnits()
    {
        using StringWriter writer = new();
        IAnsiConsole console = ToolConsole.On(writer);
        RenderOptions options = RenderOptions.Create(console, console.Profile.Capabilities);
        ProgressTask task = new(1, "verify", 1L << 40);

        // The speed comes from what was told at different moments.
        SpinWait.SpinUntil(
            () =>
            {
                task.Increment(1 << 20);
                return task.Speed > 0;
            },
            TimeSpan.FromMinutes(1));
        string[] shown =
        [
            .. ToolConsole.ByteColumns()
                .Select(column => column.Render(options, task, TimeSpan.Zero))
                .Select(column => string.Concat(column.Render(options, 120).Select(static segment => segment.Text)).Trim()),
        ];
        Assert.Single(shown, static text => text.EndsWith("iB/s", StringComparison.Ordinal));
        Assert.Contains("verify", shown);
    }
}
