namespace Sluice;

/// <summary>Which of its methods a callback has.</summary>
[Flags]
public enum AioCallbackPhases : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Before the I/O can start.</summary>
    Stage = 1,

    /// <summary>On the thread that reaps.</summary>
    CompleteShared = 2,

    /// <summary>On the issuing flow.</summary>
    CompleteLocal = 4,

    /// <summary>Explaining a result.</summary>
    Report = 8,
}
