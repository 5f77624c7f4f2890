namespace Sluice.TempFiles;

/// <summary>Whether temporary files have names.</summary>
public enum TempNaming
{
    /// <summary>Without names where the file system can (O_TMPFILE): nothing of them outlives the process, however it ends.</summary>
    Unnamed,

    /// <summary>
    /// With names, in a folder of the space's own beside a lock file. What a process that died left behind is removed by the next that
    /// opens
    /// a space in the directory.
    /// </summary>
    Named,
}
