using System.Text;

namespace VerifyTests;

/// <summary>What became of each file of one verification, and the message that says so.</summary>
internal sealed class SnapshotReport(string directory)
{
    public List<(string Received, string Verified, string Text, string? VerifiedText)> New { get; } = [];

    public List<(string Received, string Verified, string Text, string? VerifiedText)> NotEqual { get; } = [];

    public List<string> Delete { get; } = [];

    public List<(string Received, string Verified)> Equal { get; } = [];

    public void ThrowIfDifferent()
    {
        if (New.Count + NotEqual.Count + Delete.Count > 0)
        {
            throw new VerifyException(Message());
        }
    }

    private string Message()
    {
        StringBuilder text = new();
        text.Append("Directory: ").Append(directory).Append('\n');
        AppendPairs(text, "New", New.Select(static file => (file.Received, file.Verified)));
        AppendPairs(text, "NotEqual", NotEqual.Select(static file => (file.Received, file.Verified)));
        if (Delete.Count > 0)
        {
            text.Append("Delete:\n");
            Delete.ForEach(name => text.Append("  - ").Append(name).Append('\n'));
        }

        AppendPairs(text, "Equal", Equal);
        if (New.Count + NotEqual.Count > 0)
        {
            text.Append("\nFileContent:\n");
            AppendContents(text, "New", New);
            AppendContents(text, "NotEqual", NotEqual);
        }

        return text.ToString();
    }

    private static void AppendPairs(StringBuilder text, string title, IEnumerable<(string Received, string Verified)> files)
    {
        bool isFirst = true;
        foreach ((string received, string verified) in files)
        {
            text.Append(isFirst ? $"{title}:\n" : "");
            text.Append("  - Received: ").Append(received).Append('\n').Append("    Verified: ").Append(verified).Append('\n');
            isFirst = false;
        }
    }

    private static void AppendContents(
        StringBuilder text, string title, List<(string Received, string Verified, string Text, string? VerifiedText)> files)
    {
        if (files.Count == 0)
        {
            return;
        }

        text.Append('\n').Append(title).Append(":\n");
        foreach ((string received, string verified, string receivedText, string? verifiedText) in files)
        {
            text.Append("\nReceived: ").Append(received).Append('\n').Append(receivedText).Append('\n');
            if (verifiedText is not null)
            {
                text.Append("Verified: ").Append(verified).Append('\n').Append(verifiedText).Append('\n');
            }
        }
    }
}
