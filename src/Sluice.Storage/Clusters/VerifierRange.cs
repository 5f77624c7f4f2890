namespace Sluice.Storage;

/// <summary>
/// A piece of a file while a flow reads it. The file is closed when nothing more of the piece is to be read and nothing is in
/// flight.
/// </summary>
internal sealed class VerifierRange(ClusterFile file, IoFile open, GenericFileTarget target, long offsetBytes, long endBytes)
{
    private int _users = 1;

    internal ClusterFile File { get; } = file;

    internal IoFile Open { get; } = open;

    internal GenericFileTarget Target { get; } = target;

    /// <summary>Where the next read begins.</summary>
    internal long OffsetBytes { get; set; } = offsetBytes;

    internal long EndBytes { get; } = endBytes;

    internal void Use() => _users++;

    internal void Leave()
    {
        if (--_users == 0) Open.Dispose();
    }
}
