using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sluice.Tool.Infrastructure;

/// <summary>How fast a progress goes whose unit is bytes: <c>530 MiB/s</c>, as the tool's other lines have it.</summary>
internal sealed class ByteSpeedColumn : ProgressColumn
{
    // Wide enough for any speed, so that the bar beside it stays in place.
    private const int Width = 12;

    /// <summary>A speed as text.</summary>
    /// <param name="bytesPerSecond">The speed; null while there is none to tell.</param>
    internal static string Format(double? bytesPerSecond) => bytesPerSecond is { } speed ? $"{ByteSize.Format(speed)}/s" : "?/s";

    /// <inheritdoc/>
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        new Text(Format(task.Speed)).RightJustified();

    /// <inheritdoc/>
    public override int? GetColumnWidth(RenderOptions options) => Width;
}
