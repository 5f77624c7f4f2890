using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>Names on the disk against the operating system's: the same calls have the same effects and the same errors.</summary>
public sealed class NameModelTests : IDisposable
{
    private const int Steps = 400;
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-names-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void WithoutFaultsNamesAreThoseOfTheOperatingSystem()
    {
        // The numbers of errors are Linux's.
        if (!OperatingSystem.IsLinux()) return;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            string root = Path.Combine(_folder, $"{seed}");
            Directory.CreateDirectory(root);
            SimulatedRandom random = new(seed, 97);
            Started.Loop(new SimulatedDisk(), system =>
            {
                system.FileSystem.CreateDirectory(root);
                for (int step = 0; step < Steps; step++)
                {
                    Action<IoFileSystem> call = Choose(random, root, out string text);
                    Assert.Equal(
                        (text, Do(call, IoFileSystem.OperatingSystem, text), Show(IoFileSystem.OperatingSystem, root)),
                        (text, Do(call, system.FileSystem, text), Show(system.FileSystem, root)));
                }

                return Task.CompletedTask;
            });
        }
    }

    private static Action<IoFileSystem> Choose(SimulatedRandom random, string root, out string text)
    {
        string path = Draw(random, root);
        string other = Draw(random, root);
        int length = random.Next(10_000);
        switch (random.Next(10))
        {
            case < 2:
                IoCreation creation = (IoCreation)random.Next(4);
                text = $"open {path} {creation}";
                return system =>
                {
                    using IoFile file = system.Open(path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = creation });
                    if (creation == IoCreation.CreateNew) file.SetLength(length);
                };
            case < 5:
                text = $"rename {path} to {other}";
                return system => system.Rename(path, other);
            case 5:
                text = $"remove {path}";
                return system => system.Remove(path);
            case 6 or 7:
                text = $"make {path}";
                return system => system.CreateDirectory(path);
            case 8:
                text = $"remove folder {path}";
                return system => system.RemoveDirectory(path);
            default:
                text = $"sync {path}";
                return system => system.SyncDirectory(path);
        }
    }

    private static string Draw(SimulatedRandom random, string root)
    {
        string path = root;
        for (int depth = random.Between(1, 3); depth > 0; depth--) path += $"/{(char)('a' + random.Next(3))}";
        return path;
    }

    private static string Do(Action<IoFileSystem> call, IoFileSystem system, string text)
    {
        try
        {
            call(system);
            return "done";
        }
        catch (AioException exception)
        {
            // .NET, which makes folders, has numbers of its own for a file in the way.
            return text.StartsWith("make", StringComparison.Ordinal) ? "refused" : Errno.Name(exception.Errno);
        }
    }

    private static string Show(IoFileSystem system, string folder)
    {
        IEnumerable<string> entries = system.List(folder).OrderBy(
            static entry => entry.Name, StringComparer.Ordinal).Select(entry => entry.IsDirectory
            ? $"{entry.Name}({Show(system, $"{folder}/{entry.Name}")})"
            : $"{entry.Name}:{entry.LengthBytes}");
        return string.Join(' ', entries);
    }
}
