using System.Collections.Concurrent;

namespace VerifyTests;

/// <summary>Refuses a second verification with the files of the first one, which would overwrite each other.</summary>
internal static class PrefixUnique
{
    private static readonly ConcurrentDictionary<string, bool> s_used = new(StringComparer.OrdinalIgnoreCase);

    public static void Claim(string prefix)
    {
        if (!s_used.TryAdd(prefix, true))
        {
            throw new InvalidOperationException(
                $"The prefix has already been used: {prefix}. Either a test verifies twice (use UseMethodName), or two tests have " +
                "names or parameters that differ in nothing but case (use UseParameters).");
        }
    }
}
