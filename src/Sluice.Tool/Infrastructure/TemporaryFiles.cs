using System.Collections.Concurrent;

namespace Sluice.Tool.Infrastructure;

/// <summary>The files that must not outlive the command, for the case that it cannot end in its own order. Any thread.</summary>
internal static class TemporaryFiles
{
    private static readonly ConcurrentDictionary<string, bool> s_paths = new(StringComparer.Ordinal);

    /// <summary>Notes a file before it is made.</summary>
    internal static void Add(string path) => s_paths[path] = true;

    /// <summary>Forgets a file that has got its final name.</summary>
    internal static void Forget(string path) => s_paths.TryRemove(path, out _);

    /// <summary>Removes a file; no error if it is gone.</summary>
    internal static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What made the command fail is the line that the user needs; a file that cannot be removed has the same cause.
        }

        Forget(path);
    }

    /// <summary>Removes all that are there.</summary>
    internal static void RemoveAll()
    {
        foreach (string path in s_paths.Keys) Remove(path);
    }
}
