namespace Sluice;

/// <summary>
/// The ready-made target: an open file by its number in this process. For I/O that has no finer identity than the file.
/// </summary>
[AioTarget("file")]
public readonly partial struct GenericFileTarget
{
    private readonly long _number;

    private GenericFileTarget(long number) => _number = number;

    /// <summary>The target for an open file. Any thread; cheap enough to keep, not to make per I/O.</summary>
    /// <param name="file">The file.</param>
    public static GenericFileTarget For(IoFile file) => new(FileNumbers.NumberOf(file));

    private static string Describe(in GenericFileTarget target) => FileNumbers.PathOf(target._number) ?? $"file {target._number}, closed";

    private static IoFile Reopen(in GenericFileTarget target, IoFileSystem fileSystem)
    {
        IoFile? open = FileNumbers.FileOf(target._number);
        if (open is null)
        {
            throw new AioException($"open file {target._number} again", Errno.EBADF, "it was closed, and with it went its path");
        }

        return fileSystem.Open(
            open.Path,
            new IoOpenOptions
            {
                Access = open.Access,
                Direct = open.Capabilities.IsDirect,
                WriteThrough = open.Capabilities.IsDurableOnCompletion,
            });
    }
}
