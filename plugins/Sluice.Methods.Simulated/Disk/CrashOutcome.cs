namespace Sluice.Methods.Simulated;

/// <summary>What becomes of that which is in doubt when the power goes.</summary>
internal enum CrashOutcome
{
    /// <summary>Each sector and each name is decided by itself.</summary>
    Mixed,

    /// <summary>Nothing of it got to the disk.</summary>
    AllOld,

    /// <summary>All of it got to the disk.</summary>
    AllNew,
}
