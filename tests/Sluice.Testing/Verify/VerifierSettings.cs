namespace VerifyTests;

/// <summary>Settings of all verifications, made in a module initializer before the first of them.</summary>
public static class VerifierSettings
{
    private static readonly List<Func<string, string?>> s_lineScrubbers = [];
    private static readonly List<Func<object, IReadOnlyList<Target>?>> s_converters = [];
    private static volatile bool s_isFrozen;

    internal static IReadOnlyList<Func<string, string?>> LineScrubbers => s_lineScrubbers;

    /// <summary>Changes each line before it is compared; a line for which null is returned is removed.</summary>
    /// <param name="replaceLine">The change.</param>
    public static void ScrubLinesWithReplace(Func<string, string?> replaceLine)
    {
        ThrowIfFrozen();
        s_lineScrubbers.Add(replaceLine);
    }

    internal static void AddConverter(Func<object, IReadOnlyList<Target>?> converter)
    {
        ThrowIfFrozen();
        s_converters.Add(converter);
    }

    internal static IReadOnlyList<Target> Convert(object target)
    {
        s_isFrozen = true;
        foreach (Func<object, IReadOnlyList<Target>?> converter in s_converters)
        {
            if (converter(target) is { } targets)
            {
                return targets;
            }
        }

        throw new NotSupportedException(
            $"Nothing turns a {target.GetType()} into text: pass a string, or call VerifySourceGenerators.Initialize() in a " +
            "module initializer.");
    }

    internal static void Freeze() => s_isFrozen = true;

    private static void ThrowIfFrozen()
    {
        if (s_isFrozen)
        {
            throw new InvalidOperationException(
                "Settings of all verifications must be made before the first one: use a module initializer.");
        }
    }
}
