namespace Sluice.Tool.Tests.Support;

/// <summary>A folder of a test's own, removed with it.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Root { get; } = Directory.CreateTempSubdirectory("sluice-tool-tests-").FullName;

    /// <summary>The names in it, sorted; also hidden ones.</summary>
    internal string[] Names =>
        [.. Directory.GetFileSystemEntries(Root).Select(static path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    internal string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>A file of random bytes, the same for the same length.</summary>
    internal string Make(string name, long lengthBytes)
    {
        string path = PathOf(name);
        using FileStream stream = File.Create(path);
        Random random = new((int)(lengthBytes % int.MaxValue));
        byte[] piece = new byte[1 << 20];
        for (long left = lengthBytes; left > 0; left -= piece.Length)
        {
            random.NextBytes(piece);
            stream.Write(piece, 0, (int)Math.Min(left, piece.Length));
        }

        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
