namespace VerifyTests;

/// <summary>Settings of one verification.</summary>
public class VerifySettings
{
    /// <summary>Makes default settings.</summary>
    public VerifySettings()
    {
    }

    /// <summary>Copies settings.</summary>
    /// <param name="settings">What to copy; null for defaults.</param>
    public VerifySettings(VerifySettings? settings)
    {
        if (settings is null)
        {
            return;
        }

        Directory = settings.Directory;
        MethodName = settings.MethodName;
        Parameters = settings.Parameters;
        LineScrubbers.AddRange(settings.LineScrubbers);
    }

    internal string? Directory { get; private set; }

    internal string? MethodName { get; private set; }

    internal object?[]? Parameters { get; private set; }

    internal List<Func<string, string?>> LineScrubbers { get; } = [];

    /// <summary>Keeps the files in another directory, relative to that of the calling file.</summary>
    /// <param name="directory">The directory.</param>
    public void UseDirectory(string directory) => Directory = directory;

    /// <summary>Uses another name than the test method's.</summary>
    /// <param name="name">The name.</param>
    public void UseMethodName(string name) => MethodName = name;

    /// <summary>Puts the arguments of a theory into the file name.</summary>
    /// <param name="parameters">The arguments, in the order of the method's parameters.</param>
    public void UseParameters(params object?[] parameters) => Parameters = parameters;

    /// <summary>Changes each line before it is compared; a line for which null is returned is removed.</summary>
    /// <param name="replaceLine">The change.</param>
    public void ScrubLinesWithReplace(Func<string, string?> replaceLine) => LineScrubbers.Add(replaceLine);
}
