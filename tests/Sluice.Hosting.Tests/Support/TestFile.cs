namespace Sluice.Hosting.Tests.Support;

/// <summary>A file with known bytes, removed at the end.</summary>
internal sealed class TestFile : IDisposable
{
    internal TestFile(int lengthBytes = 8192)
    {
        byte[] bytes = new byte[lengthBytes];
        Array.Fill(bytes, (byte)7);
        File.WriteAllBytes(Path, bytes);
    }

    internal string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"sluice-hosting-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);
}
