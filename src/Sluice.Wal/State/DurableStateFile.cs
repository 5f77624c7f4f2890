using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>
/// A small file that is replaced as a whole and durably: temporary file, fdatasync, rename, sync of the folder. With two copies one survives whatever
/// happens to the other. A checksum tells a whole copy from a damaged one, and a number the newer from the older. One flow at a time.
/// </summary>
/// <remarks>
/// What was read may stand in the cache only, after a failed flush and the death of the process that made it. Who is going to rely on it
/// saves it again first.
/// </remarks>
public sealed class DurableStateFile
{
    private const uint Magic = 0x5453_4C53;
    private const int HeaderBytes = 24;
    private const int ContentBytesMax = 1 << 20;

    private readonly AioSystem _system;
    private readonly string[] _paths;
    private ulong _sequence;

    /// <summary>Names a file; does nothing else.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="path">The path; copies add .0 and .1 to it.</param>
    /// <param name="copies">1 or 2.</param>
    public DurableStateFile(AioSystem system, string path, int copies = 1)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (copies is not (1 or 2)) throw new ArgumentOutOfRangeException(nameof(copies), $"A state file has 1 or 2 copies, not {copies}.");
        _system = system;
        Path = path;
        _paths = copies == 1 ? [path] : [path + ".0", path + ".1"];
    }

    /// <summary>The path it was named by.</summary>
    public string Path { get; }

    /// <summary>Whether a copy exists, whole or not.</summary>
    public bool Exists => Array.Exists(_paths, _system.FileSystem.Exists);

    /// <summary>Reads the newest whole copy.</summary>
    /// <returns>Its content; null when no copy exists.</returns>
    /// <exception cref="WalException">Copies exist and none is whole.</exception>
    /// <exception cref="AioException">It cannot be read.</exception>
    public async Task<byte[]?> LoadAsync()
    {
        byte[]? newest = null;
        string obstacle = "";
        bool exists = false;
        foreach (string path in _paths)
        {
            if (!_system.FileSystem.Exists(path)) continue;
            exists = true;
            byte[] file;
            try
            {
                file = await ReadAsync(path);
            }
            catch (AioException exception) when (_paths.Length > 1)
            {
                obstacle = exception.Message;
                continue;
            }

            if (FindMistake(file) is { } mistake)
            {
                obstacle = $"{path}: {mistake}";
                continue;
            }

            ulong sequence = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(8));
            if (newest is not null && sequence <= _sequence) continue;
            _sequence = sequence;
            newest = file[HeaderBytes..];
        }

        if (newest is null && exists) throw new WalException($"No copy of {Path} is whole ({obstacle}): restore it from a backup.");
        return newest;
    }

    /// <summary>Replaces the content. Durable when this completes; before, a crash leaves the old content or the new.</summary>
    /// <param name="content">At most 1 MiB.</param>
    /// <exception cref="AioException">It failed; the old content or the new is there.</exception>
    public async Task SaveAsync(ReadOnlyMemory<byte> content)
    {
        if (content.Length > ContentBytesMax) throw new ArgumentException($"A state file has at most {ContentBytesMax} bytes; this would be {content.Length}.");
        byte[] file = new byte[HeaderBytes + content.Length];
        _sequence++;
        BinaryPrimitives.WriteUInt32LittleEndian(file, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), content.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(8), _sequence);
        content.Span.CopyTo(file.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(16), Checksum(file));

        // One after the other: at every moment one copy is whole and durable.
        foreach (string path in _paths) await ReplaceAsync(path, file);
    }

    private async Task ReplaceAsync(string path, byte[] content)
    {
        string temporary = path + ".tmp";
        AioFile file = await AioFile.OpenAsync(_system, temporary, new IoOpenOptions { Access = IoAccess.Write, Creation = IoCreation.CreateOrTruncate });
        try
        {
            await file.WriteAsync(content, 0);
            await file.FlushAsync();
        }
        finally
        {
            await file.DisposeAsync();
        }

        await AioFile.RenameDurableAsync(_system, temporary, path);
    }

    private async Task<byte[]> ReadAsync(string path)
    {
        AioFile file = await AioFile.OpenAsync(_system, path);
        try
        {
            byte[] content = new byte[Math.Min(file.GetLength(), HeaderBytes + ContentBytesMax)];
            int length = await file.ReadAsync(content, 0);
            return content[..length];
        }
        finally
        {
            await file.DisposeAsync();
        }
    }

    private static string? FindMistake(byte[] file)
    {
        if (file.Length < HeaderBytes) return "it is too short";
        if (BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic) return "it is no state file";
        if (BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)) != file.Length - HeaderBytes) return "its length is wrong";
        return BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(16)) == Checksum(file) ? null : "its checksum is wrong";
    }

    private static uint Checksum(byte[] file) => ~Crc32C.Append(Crc32C.Append(uint.MaxValue, file.AsSpan(0, 16)), file.AsSpan(20));
}
