namespace VerifyTests;

/// <summary>One text to be compared with one file.</summary>
/// <param name="extension">The file's extension, without a dot.</param>
/// <param name="data">The text.</param>
/// <param name="name">What sets it apart from the other targets of the same call; null when there is one.</param>
public sealed class Target(string extension, string data, string? name = null)
{
    /// <summary>The file's extension, without a dot.</summary>
    public string Extension { get; } = extension;

    /// <summary>The text.</summary>
    public string Data { get; } = data;

    /// <summary>What sets it apart from the other targets of the same call.</summary>
    public string? Name { get; } = name;
}
