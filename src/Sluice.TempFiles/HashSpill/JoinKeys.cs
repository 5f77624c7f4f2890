namespace Sluice.TempFiles;

/// <summary>Makes what a join asks its user for out of functions.</summary>
public static class JoinKeys
{
    /// <summary>Keys that functions take out of the records.</summary>
    /// <typeparam name="TBuild">The records of the build side.</typeparam>
    /// <typeparam name="TProbe">The records of the probe side.</typeparam>
    /// <typeparam name="TKey">The keys. A key that is null equals nothing, not even another null.</typeparam>
    /// <param name="ofBuild">The key of a build record.</param>
    /// <param name="ofProbe">The key of a probe record.</param>
    /// <param name="comparer">What equal keys are; null for the keys' own equality.</param>
    public static IJoinKeys<TBuild, TProbe> By<TBuild, TProbe, TKey>(
        Func<TBuild, TKey> ofBuild, Func<TProbe, TKey> ofProbe, IEqualityComparer<TKey>? comparer = null)
    {
        ArgumentNullException.ThrowIfNull(ofBuild);
        ArgumentNullException.ThrowIfNull(ofProbe);
        return new Functions<TBuild, TProbe, TKey>(ofBuild, ofProbe, comparer ?? EqualityComparer<TKey>.Default);
    }

    /// <summary>A consumer that calls functions.</summary>
    /// <typeparam name="TBuild">The records of the build side.</typeparam>
    /// <typeparam name="TProbe">The records of the probe side.</typeparam>
    /// <param name="pair">Takes pairs; null when the kind of join gives none.</param>
    /// <param name="probe">Takes single probe records; null when the kind of join gives none, or nobody wants them.</param>
    /// <param name="build">Takes single build records; null when the kind of join gives none, or nobody wants them.</param>
    public static IJoinConsumer<TBuild, TProbe> Consume<TBuild, TProbe>(
        Action<TBuild, TProbe>? pair, Action<TProbe>? probe = null, Action<TBuild>? build = null) => new Consumer<TBuild, TProbe>(pair,
        probe, build);

    private sealed class Functions<TBuild, TProbe, TKey>(
        Func<TBuild, TKey> ofBuild, Func<TProbe, TKey> ofProbe, IEqualityComparer<TKey> comparer)
        : IJoinKeys<TBuild, TProbe>
    {
        public ulong HashBuild(in TBuild build) => ofBuild(build) is { } key ? (uint)comparer.GetHashCode(key) : 0;

        public ulong HashProbe(in TProbe probe) => ofProbe(probe) is { } key ? (uint)comparer.GetHashCode(key) : 0;

        public bool AreEqual(in TBuild build, in TProbe probe) => ofBuild(build) is { } one && comparer.Equals(one, ofProbe(probe));
    }

    private sealed class Consumer<TBuild, TProbe>(Action<TBuild, TProbe>? pair, Action<TProbe>? probe, Action<TBuild>? build)
        : IJoinConsumer<TBuild, TProbe>
    {
        public void Pair(in TBuild buildRecord, in TProbe probeRecord) => pair?.Invoke(buildRecord, probeRecord);

        public void Probe(in TProbe probeRecord) => probe?.Invoke(probeRecord);

        public void Build(in TBuild buildRecord) => build?.Invoke(buildRecord);
    }
}
