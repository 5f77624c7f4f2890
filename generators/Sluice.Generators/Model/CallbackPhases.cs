namespace Sluice.Generators.Model;

/// <summary>The methods that a callback class declares.</summary>
[Flags]
internal enum CallbackPhases
{
    None = 0,
    Stage = 1,
    CompleteShared = 2,
    CompleteLocal = 4,
    Report = 8,
}
