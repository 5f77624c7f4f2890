namespace Sluice.TempFiles;

/// <summary>One physical file.</summary>
/// <param name="File">The open file.</param>
/// <param name="Directory">The directory it is in.</param>
/// <param name="Name">Its name; null when it has none.</param>
internal sealed record TempPiece(IoFile File, string Directory, string? Name)
{
    /// <summary>Closes it and removes its name, if it has one. I/O in flight keeps it open.</summary>
    internal void Remove(IoFileSystem fileSystem)
    {
        File.Dispose();
        if (Name is null) return;
        try
        {
            fileSystem.Remove(Name);
        }
        catch (AioException)
        {
            // Somebody else removed it, or the folder's removal will try again.
        }
    }
}
