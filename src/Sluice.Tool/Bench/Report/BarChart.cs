using System.Net;
using System.Text;

namespace Sluice.Tool.Bench.Report;

/// <summary>One bar.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Value">How long it is.</param>
/// <param name="Text">The value as people read it.</param>
/// <param name="IsBaseline">Whether it is what the others are compared with.</param>
internal sealed record Bar(string Name, double Value, string Text, bool IsBaseline);

/// <summary>
/// A horizontal bar chart as inline SVG: each bar has its name and value written above it, so that nothing depends on colour.
/// </summary>
internal static class BarChart
{
    // Narrow, so that on a phone it is shown at about its own size and the text stays readable.
    private const int Width = 360;
    private const int RowHeight = 42;
    private const int BarHeight = 14;

    /// <summary>Draws a chart.</summary>
    /// <param name="page">Where to.</param>
    /// <param name="id">Unique on the page.</param>
    /// <param name="title">What the bars show, with the unit.</param>
    /// <param name="shown">The bars, from the top.</param>
    internal static void Write(StringBuilder page, string id, string title, IEnumerable<Bar> shown)
    {
        List<Bar> bars = [.. shown];
        double max = Math.Max(bars.Max(static bar => bar.Value), double.Epsilon);
        int height = bars.Count * RowHeight;
        string description = string.Join("; ", bars.Select(static bar => $"{bar.Name}: {bar.Text}"));
        Add(page, $"<figure><figcaption>{Encode(title)}</figcaption>\n");
        Add(page, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n");
        Add(page, $"<title id=\"{id}-title\">{Encode(title)}</title><desc id=\"{id}-desc\">{Encode(description)}</desc>\n");
        Add(page, $"<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\"");
        page.Append(" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">");
        page.Append(
            "<rect class=\"hatch-ground\" width=\"6\" height=\"6\"/><rect class=\"hatch-line\" width=\"3\" "
                + "height=\"6\"/></pattern></defs>\n");
        for (int index = 0; index < bars.Count; index++)
        {
            (string name, double value, string text, bool isBaseline) = bars[index];
            int top = index * RowHeight;
            double width = Math.Max(1, value / max * Width);
            string fill = isBaseline ? $"fill=\"url(#{id}-hatch)\"" : "class=\"bar\"";
            Add(page, $"<text x=\"0\" y=\"{top + 14}\">{Encode(name)}</text>");
            Add(page, $"<text class=\"value\" x=\"{Width}\" y=\"{top + 14}\" text-anchor=\"end\">{Encode(text)}</text>");
            string place = $"x=\"0\" y=\"{top + 20}\" height=\"{BarHeight}\" rx=\"3\"";
            Add(page, $"<rect class=\"track\" {place} width=\"{Width}\"/><rect {fill} {place} width=\"{width:0.#}\"/>\n");
        }

        page.Append("</svg></figure>\n");
    }

    private static void Add(StringBuilder page, FormattableString text) => page.Append(FormattableString.Invariant(text));

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
