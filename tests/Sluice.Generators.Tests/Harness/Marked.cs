using System.Text;
using Microsoft.CodeAnalysis.Text;

namespace Sluice.Generators.Tests.Harness;

/// <summary>A source in which <c>[|…|]</c> marks what a diagnostic is expected to point at.</summary>
internal sealed class Marked
{
    public Marked(string text)
    {
        StringBuilder source = new();
        List<TextSpan> spans = [];
        for (int index = 0; index < text.Length; index++)
        {
            if (text.AsSpan(index).StartsWith("[|"))
            {
                int end = text.IndexOf("|]", index, StringComparison.Ordinal);
                spans.Add(new TextSpan(source.Length, end - index - 2));
                source.Append(text, index + 2, end - index - 2);
                index = end + 1;
            }
            else
            {
                source.Append(text[index]);
            }
        }

        Source = source.ToString();
        Spans = spans;
    }

    public string Source { get; }

    public IReadOnlyList<TextSpan> Spans { get; }
}
