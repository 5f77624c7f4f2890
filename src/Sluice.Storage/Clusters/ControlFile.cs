namespace Sluice.Storage;

/// <summary>What <c>global/pg_control</c> of a PostgreSQL data directory says.</summary>
public sealed partial record ControlFile
{
    /// <summary>The folder within tablespaces that belongs to the data directory: <c>PG_18_202506291</c>.</summary>
    public required string TablespaceFolder { get; init; }

    /// <summary>Reads it. Blocks.</summary>
    /// <param name="fileSystem">The namespace.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <exception cref="StorageException">It is no data directory, or not one that can be read here; one line says why.</exception>
    public static ControlFile Read(IoFileSystem fileSystem, string dataDirectory) => throw new NotImplementedException();
}
