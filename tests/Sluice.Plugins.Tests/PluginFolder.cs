using System.Runtime.CompilerServices;
using System.Text;
using Sluice.Methods;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sluice.Plugins.Tests;

/// <summary>A temporary directory of plugins, made of copies of those beside the tests, and what tests do with them.</summary>
internal sealed class PluginFolder : IDisposable
{
    /// <summary>How long a test waits for an unload that must succeed. A watchdog: it takes far less.</summary>
    public static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(60);

    /// <summary>How long a test lets an unload try that must not succeed.</summary>
    public static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(50);

    private PluginFolder(string path) => Path = path;

    public string Path { get; }

    public static PluginFolder Of(params string[] names)
    {
        var folder = new PluginFolder(Directory.CreateTempSubdirectory("sluice-plugins-").FullName);
        foreach (string name in names) folder.Add(name, name);
        return folder;
    }

    public static string FileOf(string name) => Directory.GetFiles(System.IO.Path.Combine(IoMethodCatalog.DefaultDirectory, name), "*.dll")
        .Order(StringComparer.Ordinal).First();

    public static IoMethodSettings Settings(params (string Name, string Value)[] values) => new()
    {
        ContextsMax = 1,
        HandlesPerContext = 8,
        Values = values.ToDictionary(static value => value.Name, static value => value.Value, StringComparer.OrdinalIgnoreCase),
    };

    /// <summary>Activates, looks, disposes. Not inlined, so that the caller's stack has nothing of the plugin.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Use(IoMethodPlugin plugin, Action<IoMethod>? look = null, params (string Name, string Value)[] values)
    {
        IoMethod method = plugin.Activate(Settings(values));
        look?.Invoke(method);
        plugin.BeginDrain();
        method.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static string Describe(IoMethodPlugin plugin, string key)
    {
        string? text = null;
        Use(plugin, method => text = new string(method.Describe().Single(pair => pair.Key == key).Value));
        return text!;
    }

    public string Add(string name, string folderName)
    {
        string target = Directory.CreateDirectory(System.IO.Path.Combine(Path, folderName)).FullName;
        foreach (string file in Directory.GetFiles(System.IO.Path.Combine(IoMethodCatalog.DefaultDirectory, name)))
        {
            File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        }

        return System.IO.Path.Combine(target, System.IO.Path.GetFileName(FileOf(name)));
    }

    public string Write(string relativePath, byte[] bytes)
    {
        string path = System.IO.Path.Combine(Path, relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public IoMethodCatalog Discover() => new IoMethodCatalog().Discover([Path]);

    /// <summary>Gives the plugin's file with a text of its code replaced by one of the same length.</summary>
    public static byte[] Replace(string path, string text, string replacement, Encoding encoding)
    {
        byte[] bytes = File.ReadAllBytes(path);
        byte[] sought = encoding.GetBytes(text);
        int at = bytes.AsSpan().IndexOf(sought);
        Assert.True(at >= 0, $"{path} does not contain '{text}'");
        Assert.Equal(text.Length, replacement.Length);
        encoding.GetBytes(replacement).CopyTo(bytes, at);
        return bytes;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
