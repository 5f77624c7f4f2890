namespace Sluice.Storage;

/// <summary>Block numbers that mean something by themselves.</summary>
public static class BlockNumbers
{
    /// <summary>No block.</summary>
    public const uint Invalid = uint.MaxValue;

    /// <summary>The largest number that a block can have; a fork has one block more than that at most.</summary>
    public const uint Max = uint.MaxValue - 1;
}
