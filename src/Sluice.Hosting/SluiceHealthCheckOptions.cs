namespace Sluice.Hosting;

/// <summary>How the health check tries the method.</summary>
public sealed class SluiceHealthCheckOptions
{
    /// <summary>
    /// The file of which the first bytes are read through the method; null for the program's own file. With null, a method that does not do
    /// files of the operating system is not tried.
    /// </summary>
    public string? Path { get; set; }

    /// <summary>How long the read may take. 5 seconds unless said otherwise.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);
}
