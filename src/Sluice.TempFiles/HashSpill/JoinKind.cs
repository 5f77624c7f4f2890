namespace Sluice.TempFiles;

/// <summary>Which records a join gives. The probe side is the left one.</summary>
public enum JoinKind
{
    /// <summary>Pairs.</summary>
    Inner,

    /// <summary>Pairs, and probe records without a match.</summary>
    Left,

    /// <summary>Pairs, and build records without a match.</summary>
    Right,

    /// <summary>Pairs, and the records of both sides without a match.</summary>
    Full,

    /// <summary>Probe records with a match, each once.</summary>
    Semi,

    /// <summary>Probe records without a match.</summary>
    Anti,
}
