namespace Sluice.Methods.Tests.Support;

/// <summary>A real file in the temporary folder, removed at the end. Block i is filled with the byte i + 1.</summary>
internal sealed class TestFile : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"sluice-methods-{Guid.NewGuid():N}");

    internal TestFile(int blocks, bool direct = false)
    {
        byte[] content = new byte[blocks * TestRequests.BufferBytes];
        for (int i = 0; i < content.Length; i++) content[i] = (byte)((i / TestRequests.BufferBytes) + 1);
        System.IO.File.WriteAllBytes(_path, content);
        File = IoFileSystem.OperatingSystem.Open(_path, new IoOpenOptions { Access = IoAccess.ReadWrite, Direct = direct });
    }

    internal IoFile File { get; }

    internal byte[] Content => System.IO.File.ReadAllBytes(_path);

    public void Dispose()
    {
        File.Dispose();
        System.IO.File.Delete(_path);
    }
}
