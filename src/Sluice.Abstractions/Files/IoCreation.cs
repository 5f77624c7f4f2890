namespace Sluice;

/// <summary>What to do when a file to open exists or does not.</summary>
public enum IoCreation
{
    /// <summary>It must exist.</summary>
    OpenExisting,

    /// <summary>It is made if it does not exist.</summary>
    OpenOrCreate,

    /// <summary>It must not exist, and is made.</summary>
    CreateNew,

    /// <summary>It is made if it does not exist and emptied if it does.</summary>
    CreateOrTruncate,

    /// <summary>
    /// A file without a name in the folder that the path names; gone when closed. Where the system has none, a name is made and removed at
    /// once.
    /// </summary>
    Unnamed,
}
