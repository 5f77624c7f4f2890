namespace Sluice;

/// <summary>How a transition publishes the new state, chosen by how many threads may attempt it at once.</summary>
public enum AioTransitionOrdering
{
    /// <summary>
    /// One thread at a time may attempt it, by the design of the caller: the state is checked with a plain read and
    /// stored with release semantics, so that everything written before is visible to whoever reads the state with acquire.
    /// </summary>
    ReleaseStore,

    /// <summary>
    /// Several threads may race for it: an atomic compare-exchange (a full fence) of which one wins. The emitted method
    /// is then called <c>Try…</c> as well, returning whether this thread won.
    /// </summary>
    CompareExchange,
}
