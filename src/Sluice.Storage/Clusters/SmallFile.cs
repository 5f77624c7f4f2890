namespace Sluice.Storage;

/// <summary>Reads files of a few bytes whole.</summary>
internal static class SmallFile
{
    /// <summary>Reads a file's beginning; null when there is none of that name.</summary>
    internal static async Task<byte[]?> TryReadAsync(AioSystem system, string path, int bytesMax, CancellationToken cancellationToken)
    {
        AioFile file;
        try
        {
            file = await AioFile.OpenAsync(system, path, options: null, cancellationToken);
        }
        catch (AioException failure) when (failure.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }

        await using (file)
        {
            byte[] content = new byte[bytesMax];
            int read = await file.ReadAsync(content, 0, cancellationToken);
            return content[..read];
        }
    }
}
