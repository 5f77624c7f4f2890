namespace Sluice.Storage;

/// <summary>The files that one relation consists of; in the numbering of PostgreSQL.</summary>
public enum RelationFork : byte
{
    /// <summary>The data; its files have no suffix.</summary>
    Main = 0,

    /// <summary>The free space map: <c>_fsm</c>.</summary>
    FreeSpaceMap = 1,

    /// <summary>The visibility map: <c>_vm</c>.</summary>
    VisibilityMap = 2,

    /// <summary>What an unlogged relation begins with again after a crash: <c>_init</c>.</summary>
    Initialization = 3,
}
