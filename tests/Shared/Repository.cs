using System.Runtime.CompilerServices;

namespace Sluice.Tests.Shared;

/// <summary>Where the sources are that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The build's configuration, which is also that of the projects beside it.</summary>
#if DEBUG
    internal const string Configuration = "Debug";
#else
    internal const string Configuration = "Release";
#endif

    /// <summary>The root folder.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>A path below the root.</summary>
    internal static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", ".."));
}
