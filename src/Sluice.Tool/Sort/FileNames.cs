using System.Text;

namespace Sluice.Tool.Sort;

/// <summary>The names of inputs, as <c>--files0-from</c> takes them: each ends with NUL, the last one perhaps not.</summary>
internal static class FileNames
{
    /// <param name="source">The file; <c>-</c> for the standard input.</param>
    internal static IReadOnlyList<string> Read(string source)
    {
        string attempt = $"read names from {(source == "-" ? "the standard input" : source)}";
        using Stream stream = source == "-" ? Console.OpenStandardInput() : File.OpenRead(source);
        using MemoryStream all = new();
        stream.CopyTo(all);
        ReadOnlySpan<byte> left = all.GetBuffer().AsSpan(0, (int)all.Length);
        if (left.IsEmpty) throw new AioException(attempt, 0, "there is none");
        List<string> names = [];
        while (!left.IsEmpty)
        {
            int end = left.IndexOf((byte)0);
            string name = Encoding.UTF8.GetString(end < 0 ? left : left[..end]);
            left = end < 0 ? [] : left[(end + 1)..];
            if (name.Length == 0) throw new AioException(attempt, 0, $"name {names.Count + 1} is empty");
            if (name == "-" && source == "-") throw new AioException(attempt, 0, "the standard input cannot be an input too");
            names.Add(name);
        }

        return names;
    }
}
