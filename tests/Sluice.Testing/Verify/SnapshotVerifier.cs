using System.Reflection;
using System.Text;

namespace VerifyTests;

/// <summary>Compares targets with their verified files and leaves received files beside those that differ.</summary>
internal static class SnapshotVerifier
{
    private const string Verified = ".verified.";
    private const string Received = ".received.";

    /// <summary>Set to 1, writes the verified files instead of comparing. Ignored on CI, where nobody looks at them.</summary>
    private const string AcceptVariable = "SLUICE_ACCEPT_SNAPSHOTS";

    private static readonly UTF8Encoding s_encoding = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    public static Task Run(IReadOnlyList<Target> targets, VerifySettings settings, string sourceFile, MethodInfo test)
    {
        string directory = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(sourceFile)!, settings.Directory ?? ""));
        string prefix = SnapshotName.Prefix(test.ReflectedType!, test, settings);
        bool accepts = Environment.GetEnvironmentVariable(AcceptVariable) == "1" && !IsContinuousIntegration();
        return RunAsync(targets, settings, directory, prefix, accepts);
    }

    /// <summary>Verifies with everything said explicitly.</summary>
    internal static async Task RunAsync(
        IReadOnlyList<Target> targets, VerifySettings settings, string directory, string prefix, bool accepts)
    {
        VerifierSettings.Freeze();
        PrefixUnique.Claim(Path.Combine(directory, prefix));
        Directory.CreateDirectory(directory);
        foreach (string stale in FilesOf(directory, prefix, Received))
        {
            File.Delete(stale);
        }

        SnapshotReport report = new(directory);
        HashSet<string> unclaimed = [.. FilesOf(directory, prefix, Verified).Select(static path => Path.GetFileName(path)!)];
        string[] parts = SnapshotName.TargetParts(targets);
        for (int index = 0; index < targets.Count; index++)
        {
            Target target = targets[index];
            string receivedName = $"{prefix}{parts[index]}{Received}{target.Extension}";
            string verifiedName = $"{prefix}{parts[index]}{Verified}{target.Extension}";
            unclaimed.Remove(verifiedName);
            string received = Scrub(target.Data, settings);
            string? verified = await ReadVerified(Path.Combine(directory, verifiedName));
            if (received == verified)
            {
                report.Equal.Add((receivedName, verifiedName));
                continue;
            }

            if (accepts)
            {
                await File.WriteAllTextAsync(Path.Combine(directory, verifiedName), received, s_encoding);
                continue;
            }

            await File.WriteAllTextAsync(Path.Combine(directory, receivedName), received, s_encoding);
            (verified is null ? report.New : report.NotEqual).Add((receivedName, verifiedName, received, verified));
        }

        foreach (string name in unclaimed.Order(StringComparer.Ordinal))
        {
            if (accepts)
            {
                File.Delete(Path.Combine(directory, name));
            }
            else
            {
                report.Delete.Add(name);
            }
        }

        report.ThrowIfDifferent();
    }

    private static bool IsContinuousIntegration() =>
        Environment.GetEnvironmentVariable("CI") is { Length: > 0 } value
            && !string.Equals(value, "false", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> FilesOf(string directory, string prefix, string kind) => Directory.EnumerateFiles(directory)
        .Where(path => IsOf(Path.GetFileName(path), prefix, kind)).ToArray();

    /// <summary>Whether the file belongs to this prefix, and not to one that merely begins with it.</summary>
    private static bool IsOf(string name, string prefix, string kind)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        string rest = name[prefix.Length..];
        return rest.StartsWith(kind, StringComparison.Ordinal) || (rest.StartsWith('#') && rest.Contains(kind, StringComparison.Ordinal));
    }

    /// <summary>The verified text; null when there is none, which an empty file is taken for.</summary>
    private static async Task<string?> ReadVerified(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        string text = await File.ReadAllTextAsync(path, s_encoding);
        if (text.Contains('\r'))
        {
            throw new InvalidOperationException(
                $"The verified file holds a carriage return; its lines must end in a line feed alone: {path}");
        }

        return text.Length == 0 ? null : text;
    }

    private static string Scrub(string text, VerifySettings settings)
    {
        List<string> lines = [];
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            string? current = line;
            foreach (Func<string, string?> scrubber in settings.LineScrubbers.Concat(VerifierSettings.LineScrubbers))
            {
                current = current is null ? null : scrubber(current);
            }

            if (current is not null)
            {
                lines.Add(current);
            }
        }

        return string.Join('\n', lines).TrimEnd('\n');
    }
}
