namespace Sluice.TempFiles;

/// <summary>
/// Takes what a join gives, in no order, in the flow that feeds the join. Must not use the join. What it throws ends the join.
/// </summary>
/// <typeparam name="TBuild">The records of the build side.</typeparam>
/// <typeparam name="TProbe">The records of the probe side.</typeparam>
public interface IJoinConsumer<TBuild, TProbe>
    where TBuild : allows ref struct
    where TProbe : allows ref struct
{
    /// <summary>Two records with equal keys.</summary>
    /// <param name="build">The one.</param>
    /// <param name="probe">The other.</param>
    void Pair(in TBuild build, in TProbe probe);

    /// <summary>A probe record by itself: one without a match, or in a semi join one with a match.</summary>
    /// <param name="probe">The record.</param>
    void Probe(in TProbe probe);

    /// <summary>A build record without a match.</summary>
    /// <param name="build">The record.</param>
    void Build(in TBuild build);
}
