using System.Buffers.Binary;

namespace Sluice.Simulation.Scenarios;

/// <summary>
/// Replaces a small file so that after any crash it has the old content or the new: written under another name, flushed, renamed, the
/// folder synced.
/// </summary>
public class AtomicFile(AioSystem system, string path)
{
    private const int HeaderBytes = 24;
    private const int AttemptsMaximum = 20;

    /// <summary>The name that the content has until it is whole.</summary>
    protected string TemporaryPath => path + ".new";

    /// <summary>The system.</summary>
    protected AioSystem System => system;

    /// <summary>Replaces the content. Durable when it completes.</summary>
    public async Task ReplaceAsync(long version, byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        byte[] content = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt64LittleEndian(content, version);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(8), payload.Length);
        payload.CopyTo(content.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(16), Checksum.Of(payload, (ulong)version));
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await WriteAsync(content);
                break;
            }
            catch (AioException) when (attempt < AttemptsMaximum)
            {
                // Whatever failed, the half-made file is worth nothing: from the beginning.
            }
        }

        await AioFile.RenameDurableAsync(system, TemporaryPath, path);
    }

    /// <summary>Reads the content.</summary>
    /// <returns>The version; 0 when there is no file, -1 when it is not whole.</returns>
    public async Task<long> ReadAsync()
    {
        if (!system.FileSystem.Exists(path)) return 0;
        await using AioFile file = await AioFile.OpenAsync(system, path);
        byte[] content = new byte[file.GetLength()];
        await file.ReadAsync(content, 0);
        if (content.Length < HeaderBytes) return -1;
        long version = BinaryPrimitives.ReadInt64LittleEndian(content);
        ReadOnlySpan<byte> payload = content.AsSpan(HeaderBytes);
        bool isWhole = BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(8)) == payload.Length
            && BinaryPrimitives.ReadUInt64LittleEndian(content.AsSpan(16)) == Checksum.Of(payload, (ulong)version);
        return isWhole ? version : -1;
    }

    /// <summary>Removes what a crash left of a replacement.</summary>
    public void CleanUp()
    {
        if (system.FileSystem.Exists(TemporaryPath)) system.FileSystem.Remove(TemporaryPath);
    }

    /// <summary>Writes the content under the temporary name, durably.</summary>
    protected virtual async Task WriteAsync(byte[] content)
    {
        IoOpenOptions create = new() { Access = IoAccess.Write, Creation = IoCreation.CreateOrTruncate };
        await using AioFile file = await AioFile.OpenAsync(system, TemporaryPath, create);
        await file.WriteAsync(content, 0);
        await file.FlushAsync();
    }
}
