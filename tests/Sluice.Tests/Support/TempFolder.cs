namespace Sluice.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    internal TempFolder() => Path = Directory.CreateTempSubdirectory("sluice-tests-").FullName;

    internal string Path { get; }

    internal string File(string name = "data") => System.IO.Path.Combine(Path, name);

    internal string FileWith(byte[] content, string name = "data")
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
