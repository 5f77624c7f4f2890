namespace Sluice.TempFiles;

/// <summary>By what the records of two sides belong together.</summary>
/// <remarks>What it throws ends the join, which then leaves neither files nor I/O behind.</remarks>
/// <typeparam name="TBuild">The records of the build side.</typeparam>
/// <typeparam name="TProbe">The records of the probe side.</typeparam>
public interface IJoinKeys<TBuild, TProbe>
    where TBuild : allows ref struct
    where TProbe : allows ref struct
{
    /// <summary>A hash of the key. Need not be well mixed, but different keys should have different ones.</summary>
    /// <param name="build">The record.</param>
    ulong HashBuild(in TBuild build);

    /// <summary>A hash of the key; the same as <see cref="HashBuild"/> gives for an equal key.</summary>
    /// <param name="probe">The record.</param>
    ulong HashProbe(in TProbe probe);

    /// <summary>Whether the keys are equal. A key that equals nothing, as one that is not known, makes this false.</summary>
    /// <param name="build">A record of the build side.</param>
    /// <param name="probe">A record of the probe side that has the same hash.</param>
    bool AreEqual(in TBuild build, in TProbe probe);
}
