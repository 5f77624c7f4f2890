namespace Sluice;

/// <summary>The sizes that everything is bounded by. A test asserts how they relate.</summary>
public static class Limits
{
    /// <summary>I/Os staged in one context before they are handed to the method, batch or not.</summary>
    public const int StagedMax = 32;

    /// <summary>Callbacks one I/O can carry: one per layer that reacts to it.</summary>
    public const int CallbacksMax = 4;

    /// <summary>Vectors, and handle data words, one I/O can have, at most; the system's option sets how many a handle really has.</summary>
    public const int VectorsMax = 128;

    /// <summary>Handles per context, at most.</summary>
    public const int HandlesPerContextMax = 1024;

    /// <summary>Contexts per system, at most.</summary>
    public const int ContextsMax = 1024;

    /// <summary>Bytes of identity a target can have.</summary>
    public const int TargetBytesMax = 40;

    /// <summary>Bytes one I/O can transfer, at most: what Linux accepts in one call.</summary>
    public const long TransferBytesMax = 0x7ffff000;

    /// <summary>Kinds of callbacks, and kinds of targets, in one process: a byte, less the zero that means none.</summary>
    public const int ModuleIdsMax = 255;

    // A token is 20 bits of handle index below 40 bits of generation; the top four bits are the method's.
    internal const int TokenIndexBits = 20;
    internal const int TokenGenerationBits = 40;
    internal const ulong TokenIndexMask = (1UL << TokenIndexBits) - 1;
    internal const ulong TokenGenerationMask = (1UL << TokenGenerationBits) - 1;
}
