using System.Security.Cryptography;

namespace Sluice;

/// <summary>
/// A file of one mode, allocated and written, open twice: plainly, and so that every write is durable. It keeps its name while it
/// is measured, because there are file systems whose fdatasync does nothing for a file without one.
/// </summary>
internal sealed class ProbeFiles : IAsyncDisposable
{
    private const int FillBytes = 256 << 10;

    private readonly AioSystem _system;
    private readonly string _path;
    private long _position;

    private ProbeFiles(AioSystem system, string path, long lengthBytes)
    {
        _system = system;
        _path = path;
        LengthBytes = lengthBytes;
    }

    internal AioFile Plain { get; private set; } = null!;

    internal AioFile Through { get; private set; } = null!;

    internal long LengthBytes { get; }

    internal bool IsDirect => Plain.Capabilities.IsDirect;

    /// <summary>Makes the file. On failure nothing is left.</summary>
    internal static async Task<ProbeFiles> CreateAsync(
        AioSystem system, string folder, bool direct, long lengthBytes, BufferArena fill, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, $".sluice-probe-{Guid.NewGuid():N}.tmp");
        ProbeFiles files = new(system, path, lengthBytes);
        try
        {
            // Made without Direct: a refused direct open may leave the file behind, and then this one is at least known.
            AioFile made = await AioFile.OpenAsync(
                system, path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }, cancellationToken);
            await made.DisposeAsync();
            IoOpenOptions plain = new() { Access = IoAccess.ReadWrite, Direct = direct };
            files.Plain = await AioFile.OpenAsync(system, path, plain, CancellationToken.None);
            files.Through = await AioFile.OpenAsync(system, path, plain with { WriteThrough = true }, CancellationToken.None);
            await files.FillAsync(fill, cancellationToken);
            return files;
        }
        catch
        {
            await files.DisposeAsync();
            throw;
        }
    }

    internal static BufferArena CreateFillArena(AioSystem system) => system.CreateArena(FillBytes, 1, register: false);

    /// <summary>The next block for a write: one after the other, as a log is written.</summary>
    internal long NextOffset(int blockBytes)
    {
        long offset = _position;
        _position += blockBytes;
        if (_position + blockBytes > LengthBytes) _position = 0;
        return offset;
    }

    public async ValueTask DisposeAsync()
    {
        if (Plain is not null) await Plain.DisposeAsync();
        if (Through is not null) await Through.DisposeAsync();
        await Task.Run(() =>
        {
            if (_system.FileSystem.Exists(_path)) _system.FileSystem.Remove(_path);
        });
    }

    private async Task FillAsync(BufferArena arena, CancellationToken cancellationToken)
    {
        try
        {
            await Plain.AllocateAsync(0, LengthBytes, CancellationToken.None);
        }
        catch (AioException exception) when (exception.Errno is Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS)
        {
            // Written without being reserved it is allocated all the same.
        }

        using AioBuffer buffer = arena.Rent();

        // Not zeros, which some file systems and drives do not store.
        RandomNumberGenerator.Fill(buffer.Span);
        for (long offset = 0; offset < LengthBytes; offset += FillBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Plain.WriteAsync(buffer.Memory, offset, AioDurability.None, CancellationToken.None);
        }

        await Plain.FlushAllAsync(CancellationToken.None);
    }
}
