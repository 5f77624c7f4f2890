namespace Sluice.Plugins;

/// <summary>
/// Looks for plugins in a directory. Runs no code of theirs, leaves no file open, and never throws for what it finds there.
/// </summary>
internal static class PluginScanner
{
    private const string HowToMakeOne = "an assembly with [assembly: IoMethodPlugin(...)]";

    /// <summary>Looks into each folder of a directory, in ordinal order of names.</summary>
    /// <param name="directory">The directory; a full path.</param>
    /// <param name="loadsInMemory">How the plugins are to be loaded later.</param>
    /// <param name="found">Gets each plugin, also the rejected ones.</param>
    public static void Scan(string directory, bool loadsInMemory, Action<IoMethodPlugin> found)
    {
        string directoryName = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        if (!Directory.Exists(directory)) return;
        string? failure = List(directory, out string[] folders, out string[] strayFiles);
        if (failure is not null)
        {
            found(IoMethodPlugin.Rejected(directoryName, directory, null, failure));
            return;
        }

        foreach (string path in strayFiles)
        {
            if (PluginManifest.TryRead(path, out PluginManifest? manifest) is not null || manifest is null) continue;
            string name = Path.GetFileNameWithoutExtension(path);
            string reason = $"lies directly in {directory}: put it and what belongs to it into a folder of its own there";
            found(IoMethodPlugin.Rejected(name, path, manifest, reason));
        }

        foreach (string folder in folders) ScanFolder(folder, loadsInMemory, found);
    }

    private static void ScanFolder(string folder, bool loadsInMemory, Action<IoMethodPlugin> found)
    {
        string folderName = Path.GetFileName(folder);
        string? failure = List(folder, out _, out string[] files);
        if (failure is not null)
        {
            found(IoMethodPlugin.Rejected(folderName, folder, null, failure));
            return;
        }

        bool hasPlugin = false;
        var unreadable = new List<(string Path, string Problem)>();
        foreach (string path in files)
        {
            string? problem = PluginManifest.TryRead(path, out PluginManifest? manifest);
            if (problem is not null) unreadable.Add((path, problem));
            if (manifest is null) continue;
            hasPlugin = true;
            string? refusal = manifest.FindRefusal();
            string name = PluginManifest.IsValidName(manifest.Name) ? manifest.Name : folderName;
            found(refusal is null
                ? IoMethodPlugin.Discovered(path, manifest, loadsInMemory)
                : IoMethodPlugin.Rejected(name, path, manifest, refusal));
        }

        // Beside a plugin, files that are no assemblies are its native libraries. Without one they are why there is none.
        if (hasPlugin) return;
        foreach ((string path, string problem) in unreadable)
        {
            found(IoMethodPlugin.Rejected(folderName, path, null, $"{Path.GetFileName(path)} {problem}"));
        }

        if (unreadable.Count == 0)
        {
            string what = files.Length == 0 ? "no .dll file" : $"{files.Length} .dll file(s), but not one io_method plugin";
            string reason = $"the folder has {what}: put {HowToMakeOne} there, or remove the folder";
            found(IoMethodPlugin.Rejected(folderName, folder, null, reason));
        }
    }

    private static string? List(string directory, out string[] folders, out string[] files)
    {
        folders = [];
        files = [];
        try
        {
            folders = Directory.GetDirectories(directory);
            files = Directory.GetFiles(directory, "*.dll");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"the folder cannot be read ({PluginText.OneLine(exception.Message)})";
        }

        Array.Sort(folders, StringComparer.Ordinal);
        Array.Sort(files, StringComparer.Ordinal);
        return null;
    }
}
