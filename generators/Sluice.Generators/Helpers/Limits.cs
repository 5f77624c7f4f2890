namespace Sluice.Generators.Helpers;

/// <summary>Limits of the runtime that the generator checks at compile time. They must agree with the runtime's own.</summary>
internal static class Limits
{
    /// <summary>The room for a target in a handle, in bytes.</summary>
    public const int TargetBytesMax = 40;

    /// <summary>The callbacks that one handle holds.</summary>
    public const int CallbacksPerHandleMax = 4;

    /// <summary>Ids are one byte; 0 is none and 255 is kept back.</summary>
    public const int IdsPerAssemblyMax = 254;

    /// <summary>The states of one machine: the transition table keeps one bit for each in a 32-bit word.</summary>
    public const int StatesMax = 32;
}
