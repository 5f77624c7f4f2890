using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Numerics;

namespace Sluice.Tests.Shared;

/// <summary>
/// A data directory that PostgreSQL 18.3 wrote, checksums on, shut down cleanly: of its databases only number 5, and no log. Of it
/// pg_checksums --check says: 367 files, 1356 blocks, 0 bad.
/// </summary>
internal static class RealCluster
{
    internal const int FileCount = 367;
    internal const int BlockCount = 1356;
    private const string Resource = "pg18-cluster.tar.br";
    private const string Root = "pg18-cluster/";
    private static readonly Lazy<byte[]> s_archive = new(Decompress);

    /// <summary>Writes the whole data directory below a folder.</summary>
    /// <returns>The data directory.</returns>
    internal static string Extract(string folder)
    {
        using Stream archive = Open();
        TarFile.ExtractToDirectory(archive, folder, overwriteFiles: true);
        return Path.Combine(folder, Root.TrimEnd('/'));
    }

    /// <summary>All files, with their paths relative to the data directory.</summary>
    internal static IEnumerable<(string Path, byte[] Content)> ReadAll()
    {
        using Stream archive = Open();
        using TarReader reader = new(archive);
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) continue;
            MemoryStream content = new();
            entry.DataStream?.CopyTo(content);
            yield return (entry.Name[Root.Length..], content.ToArray());
        }
    }

    /// <summary>Makes the data directory one of an earlier version, as its control file and PG_VERSION say it.</summary>
    internal static void BecomeVersion(string dataDirectory, int major, uint catalogVersion)
    {
        File.WriteAllText(Path.Combine(dataDirectory, "PG_VERSION"), $"{major}\n");
        EditControl(dataDirectory, control =>
        {
            if (major < 18)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(8), 1300);

                // Without 18's byte before it, the random number of 32 bytes follows the version of checksums.
                control.AsSpan(257, 32).CopyTo(control.AsSpan(256));
                control.AsSpan(288, 8).Clear();
            }

            BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(12), catalogVersion);
        });
    }

    /// <summary>Changes the control file, and makes its checksum right again.</summary>
    internal static void EditControl(string dataDirectory, Action<byte[]> edit)
    {
        string path = Path.Combine(dataDirectory, "global", "pg_control");
        byte[] control = File.ReadAllBytes(path);
        edit(control);
        int end = BinaryPrimitives.ReadUInt32LittleEndian(control.AsSpan(8)) >= 1800 ? 292 : 288;
        uint crc = ~0u;
        foreach (byte value in control.AsSpan(0, end)) crc = BitOperations.Crc32C(crc, value);
        BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(end), ~crc);
        File.WriteAllBytes(path, control);
    }

    private static MemoryStream Open() => new(s_archive.Value, writable: false);

    private static byte[] Decompress()
    {
        using Stream resource = typeof(RealCluster).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException(
            $"The test assembly has no resource {Resource}.");
        using BrotliStream archive = new(resource, CompressionMode.Decompress);
        MemoryStream content = new();
        archive.CopyTo(content);
        return content.ToArray();
    }
}
