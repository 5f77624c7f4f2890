namespace Sluice;

/// <summary>What an issuer says about its I/O. Set before it is started.</summary>
[Flags]
public enum AioHandleFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The issuer will wait at once: do it in place, whatever the method.</summary>
    Synchronous = 1,

    /// <summary>Completion touches state that only the issuing flow may touch: do it in place.</summary>
    ReferencesLocal = 2,

    /// <summary>
    /// The issuer does other things before it waits for it: copying what is cached may be another thread's work, if there is enough of it.
    /// </summary>
    Ahead = 4,
}
