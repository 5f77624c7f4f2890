using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Copy;

/// <summary>Which file becomes which, after everything that can be refused before I/O was.</summary>
/// <param name="SourcePath">The file to copy.</param>
/// <param name="TargetPath">The name that the copy gets; links followed.</param>
/// <param name="TargetFolder">The folder that it stands in.</param>
/// <param name="Source">What the source was when it was looked at.</param>
internal sealed record CopyPlan(string SourcePath, string TargetPath, string TargetFolder, FileStatus Source)
{
    /// <summary>The name that the copy has in the target's folder until it is whole.</summary>
    internal string TemporaryName { get; init; } = $".sluice-copy-{Guid.NewGuid():N}.tmp";

    private const UnixFileMode AnyWrite = UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Looks at both paths.</summary>
    /// <param name="source">The source, as the user gave it.</param>
    /// <param name="target">The target, as the user gave it: a file, or a folder to copy into.</param>
    /// <param name="force">Whether a target without write permission may be replaced.</param>
    /// <exception cref="FailureException">It cannot be done; one line.</exception>
    internal static CopyPlan Make(string source, string target, bool force)
    {
        if (source.Length == 0 || target.Length == 0) throw new UsageException("A file name is empty: name the source and the target.");
        FileStatus sourceStatus = FileStatus.Find(source) ?? throw new FailureException($"{source} does not exist: name the file to copy.");
        if (sourceStatus.Kind == FileStatus.Kinds.Folder)
        {
            throw new FailureException($"{source} is a folder: name a file; folders are not copied.");
        }

        if (sourceStatus.Kind == FileStatus.Kinds.Other)
        {
            throw new FailureException($"{source} is a device, pipe or socket: only files are copied.");
        }

        FileStatus? targetStatus = FileStatus.Find(target);
        if (targetStatus?.Kind == FileStatus.Kinds.Folder)
        {
            target = Path.Combine(target, Path.GetFileName(source));
            targetStatus = FileStatus.Find(target);
            if (targetStatus?.Kind == FileStatus.Kinds.Folder)
            {
                throw new FailureException($"{target} is a folder: it cannot be replaced by a file.");
            }
        }
        else if (Path.EndsInDirectorySeparator(target))
        {
            throw new FailureException($"The folder {target} does not exist: make it first.");
        }

        if (targetStatus?.Kind == FileStatus.Kinds.Other)
        {
            throw new FailureException($"{target} is a device, pipe or socket: it would be replaced, not written to; name a file.");
        }

        if (targetStatus?.Identity == sourceStatus.Identity) throw new FailureException($"{source} and {target} are the same file.");
        if (targetStatus is not null && !force && (targetStatus.Mode & AnyWrite) == 0)
        {
            throw new FailureException($"{target} exists and is write-protected: use --force to replace it.");
        }

        string fullTarget = Path.GetFullPath(target);
        RequireFolder(fullTarget);
        string targetPath = FollowLinks(fullTarget);
        return new CopyPlan(source, targetPath, RequireFolder(targetPath), sourceStatus);
    }

    private static string RequireFolder(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "/";
        return FileStatus.Find(folder)?.Kind switch
        {
            FileStatus.Kinds.Folder => folder,
            null => throw new FailureException($"The folder {folder} does not exist: make it first."),
            _ => throw new FailureException($"{folder} is not a folder: the copy cannot be put there."),
        };
    }

    // The file behind a link is replaced, as a copy that wrote into it would, and not the link.
    private static string FollowLinks(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        }
        catch (FileNotFoundException)
        {
            return path;
        }
    }
}
