namespace Sluice.TempFiles;

/// <summary>Makes what an aggregate asks its user for out of functions.</summary>
public static class Aggregator
{
    /// <summary>An aggregator of functions, for states that do not grow. A null key is a group like any other.</summary>
    /// <typeparam name="TInput">The records that come in.</typeparam>
    /// <typeparam name="TKey">What the records of a group have in common.</typeparam>
    /// <typeparam name="TState">What is kept of a group.</typeparam>
    /// <param name="keyOf">To which group a record belongs.</param>
    /// <param name="start">The state of a group of one record.</param>
    /// <param name="accumulate">The state with one record more.</param>
    /// <param name="combine">The state that stands for what two stand for.</param>
    /// <param name="comparer">What equal keys are; null for the keys' own equality.</param>
    public static IAggregator<TInput, TKey, TState> By<TInput, TKey, TState>(
        Func<TInput, TKey> keyOf,
        Func<TInput, TState> start,
        Func<TState, TInput, TState> accumulate,
        Func<TState, TState, TState> combine,
        IEqualityComparer<TKey>? comparer = null)
    {
        ArgumentNullException.ThrowIfNull(keyOf);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(accumulate);
        ArgumentNullException.ThrowIfNull(combine);
        return new Functions<TInput, TKey, TState>(keyOf, start, accumulate, combine, comparer ?? EqualityComparer<TKey>.Default);
    }

    private sealed class Functions<TInput, TKey, TState>(
        Func<TInput, TKey> keyOf,
        Func<TInput, TState> start,
        Func<TState, TInput, TState> accumulate,
        Func<TState, TState, TState> combine,
        IEqualityComparer<TKey> comparer) : IAggregator<TInput, TKey, TState>
    {
        public TKey KeyOf(in TInput input) => keyOf(input);

        public ulong Hash(in TKey key) => key is null ? 0 : (uint)comparer.GetHashCode(key);

        public bool AreEqual(in TKey one, in TKey other) => comparer.Equals(one, other);

        public TState Start(in TInput input) => start(input);

        public void Accumulate(ref TState state, in TInput input) => state = accumulate(state, input);

        public void Combine(ref TState state, in TState other) => state = combine(state, other);
    }
}
