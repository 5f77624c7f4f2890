namespace Sluice.TempFiles;

/// <summary>What groups are and what is kept of each.</summary>
/// <remarks>
/// A group's state is made from its first input, changed by those that follow, and combined with another state of the same group when
/// the inputs of a group were seen apart; in any order, so combining must not depend on it. What it throws ends the aggregate, which
/// then leaves neither files nor I/O behind.
/// </remarks>
/// <typeparam name="TInput">The records that come in.</typeparam>
/// <typeparam name="TKey">What the records of a group have in common.</typeparam>
/// <typeparam name="TState">What is kept of a group.</typeparam>
public interface IAggregator<TInput, TKey, TState>
    where TInput : allows ref struct
    where TKey : allows ref struct
{
    /// <summary>To which group a record belongs.</summary>
    /// <param name="input">The record.</param>
    TKey KeyOf(in TInput input);

    /// <summary>A hash of the key. Need not be well mixed, but different keys should have different ones.</summary>
    /// <param name="key">The key.</param>
    ulong Hash(in TKey key);

    /// <summary>Whether two keys are the same group's.</summary>
    /// <param name="one">A key.</param>
    /// <param name="other">Another with the same hash.</param>
    bool AreEqual(in TKey one, in TKey other);

    /// <summary>The state of a group of one record.</summary>
    /// <param name="input">The record.</param>
    TState Start(in TInput input);

    /// <summary>Takes one more record.</summary>
    /// <param name="state">The state; changed in place.</param>
    /// <param name="input">The record.</param>
    void Accumulate(ref TState state, in TInput input);

    /// <summary>Takes what another state of the same group stands for.</summary>
    /// <param name="state">The state; changed in place.</param>
    /// <param name="other">The other; may be kept.</param>
    void Combine(ref TState state, in TState other);

    /// <summary>
    /// About how many bytes of memory a state takes. Asked after each change, of states that are or have references only.
    /// </summary>
    /// <param name="state">The state.</param>
    int GetMemoryBytes(in TState state) => 64;
}
