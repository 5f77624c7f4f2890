using System.Reflection;
using System.Runtime.CompilerServices;
using VerifyTests;

namespace VerifyXunit;

/// <summary>
/// Compares what a test produced with the verified files beside it. A small stand-in for the class of this name in
/// Verify.Xunit: the same names, files, bytes and messages, as far as this repository uses them.
/// </summary>
public static class Verifier
{
    /// <summary>Verifies a text as a <c>.txt</c> file.</summary>
    /// <param name="target">The text.</param>
    /// <param name="settings">Settings of this call.</param>
    /// <param name="sourceFile">The calling file, whose directory holds the verified file.</param>
    public static SettingsTask Verify(string target, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        Verify(target, "txt", settings, sourceFile);

    /// <summary>Verifies a text as a file with the given extension.</summary>
    /// <param name="target">The text.</param>
    /// <param name="extension">The extension, without a dot.</param>
    /// <param name="settings">Settings of this call.</param>
    /// <param name="sourceFile">The calling file, whose directory holds the verified file.</param>
    public static SettingsTask Verify(
        string target, string extension, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        Start([new Target(extension, target)], settings, sourceFile);

    /// <summary>Verifies an object for which a converter is registered: a generator driver or its run result.</summary>
    /// <param name="target">The object.</param>
    /// <param name="settings">Settings of this call.</param>
    /// <param name="sourceFile">The calling file, whose directory holds the verified files.</param>
    public static SettingsTask Verify(object target, VerifySettings? settings = null, [CallerFilePath] string sourceFile = "") =>
        Start(VerifierSettings.Convert(target), settings, sourceFile);

    private static SettingsTask Start(IReadOnlyList<Target> targets, VerifySettings? settings, string sourceFile)
    {
        MethodInfo test = UseVerifyAttribute.Current;
        return new SettingsTask(settings, actual => SnapshotVerifier.Run(targets, actual, sourceFile, test));
    }
}
