using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Sluice.Storage;

/// <summary>
/// What <c>global/pg_control</c> and <c>PG_VERSION</c> of a data directory of PostgreSQL 13 to 18 say. A value; nothing stays open.
/// </summary>
public sealed record ControlFile
{
    private const uint Version13 = 1300;
    private const uint Version18 = 1800;
    private const int FileBytesMax = 8192;

    /// <summary>The number that tells the cluster from all others.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>The version of the control file's format: 1300 for PostgreSQL 13 to 17, 1800 for 18.</summary>
    public required uint FormatVersion { get; init; }

    /// <summary>The version of the catalogs.</summary>
    public required uint CatalogVersion { get; init; }

    /// <summary>PostgreSQL's major version: 18.</summary>
    public required int MajorVersion { get; init; }

    /// <summary>What the server was doing last.</summary>
    public required ClusterState State { get; init; }

    /// <summary>Bytes of a page.</summary>
    public required uint PageBytes { get; init; }

    /// <summary>Blocks of a full segment file.</summary>
    public required uint SegmentBlocks { get; init; }

    /// <summary>Bytes of a page of the write-ahead log.</summary>
    public required uint LogPageBytes { get; init; }

    /// <summary>Bytes of a segment of the write-ahead log.</summary>
    public required uint LogSegmentBytes { get; init; }

    /// <summary>The version of page checksums: 1; 0 when they are off.</summary>
    public required uint ChecksumVersion { get; init; }

    /// <summary>Whether pages carry checksums.</summary>
    public bool HasChecksums => ChecksumVersion != 0;

    /// <summary>Whether the server ended in order.</summary>
    public bool IsShutDown => State is ClusterState.ShutDown or ClusterState.ShutDownInRecovery;

    /// <summary>The folder within tablespaces that belongs to the data directory: <c>PG_18_202506291</c>.</summary>
    public string TablespaceFolder => string.Create(CultureInfo.InvariantCulture, $"PG_{MajorVersion}_{CatalogVersion}");

    /// <summary>Reads it.</summary>
    /// <param name="system">The system whose namespace the directory is in.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="cancellationToken">Checked before each file.</param>
    /// <exception cref="StorageException">It is no data directory, or not one that can be read here; one line says why.</exception>
    /// <exception cref="AioException">A file cannot be read.</exception>
    public static async Task<ControlFile> ReadAsync(AioSystem system, string dataDirectory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        byte[]? version = await SmallFile.TryReadAsync(system, $"{dataDirectory}/PG_VERSION", 64, cancellationToken);
        if (version is null)
        {
            throw new StorageException(
                $"{dataDirectory} is no data directory of PostgreSQL: it has no PG_VERSION. Name the folder that PGDATA names.");
        }

        byte[]? control = await SmallFile.TryReadAsync(system, $"{dataDirectory}/global/pg_control", FileBytesMax, cancellationToken);
        if (control is null)
        {
            throw new StorageException($"{dataDirectory} is no data directory of PostgreSQL: it has no global/pg_control.");
        }

        return Parse(dataDirectory, System.Text.Encoding.UTF8.GetString(version).Trim(), control);
    }

    /// <summary>Makes sense of the files' contents.</summary>
    internal static ControlFile Parse(string dataDirectory, string version, ReadOnlySpan<byte> control)
    {
        string path = $"{dataDirectory}/global/pg_control";
        if (control.Length < 296)
        {
            throw new StorageException($"{path} has only {control.Length} bytes: it was cut off. Restore it from a backup.");
        }

        uint format = Word(control, 8);
        if (format is not (Version13 or Version18)) throw Unknown(dataDirectory, version, format);

        // Before the checksum stand the fields of the version: 18 has one byte more, and its padding.
        int checkedBytes = format == Version18 ? 292 : 288;
        uint found = Word(control, checkedBytes);
        uint expected = Crc32C(control[..checkedBytes]);
        if (found != expected)
        {
            throw new StorageException(
                $"{path} is damaged: its checksum is {found:X8}, its content asks for {expected:X8}. Restore it from a backup.");
        }

        if (!int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int major) || major < 13 || major > 18
            || (major == 18) != (format == Version18))
        {
            throw Unknown(dataDirectory, version, format);
        }

        ControlFile file = new()
        {
            SystemIdentifier = BinaryPrimitives.ReadUInt64LittleEndian(control),
            FormatVersion = format,
            CatalogVersion = Word(control, 12),
            MajorVersion = major,
            State = (ClusterState)Word(control, 16),
            PageBytes = Word(control, 216),
            SegmentBlocks = Word(control, 220),
            LogPageBytes = Word(control, 224),
            LogSegmentBytes = Word(control, 228),
            ChecksumVersion = Word(control, 252),
        };
        if (file.PageBytes != StorageLimits.PageBytes)
        {
            throw new StorageException(
                $"{dataDirectory} has pages of {file.PageBytes} bytes: only {StorageLimits.PageBytes} can be read here.");
        }

        if (file.SegmentBlocks is 0 or > int.MaxValue)
        {
            throw new StorageException(
                $"{path} says that segments have {file.SegmentBlocks} blocks, which makes no sense: restore it from a backup.");
        }

        return file;
    }

    /// <summary>CRC-32C over the beginning of the file, as PostgreSQL computes it.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static StorageException Unknown(string dataDirectory, string version, uint format) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{dataDirectory} is of PostgreSQL '{version}' (control file version {format}): versions 13 to 18 can be read here."));

    private static uint Word(ReadOnlySpan<byte> control, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(control[offset..]);
}
