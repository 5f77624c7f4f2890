namespace Sluice;

/// <summary>
/// What the generator makes of a class with <see cref="AioCallbackAttribute"/>: the static methods the runtime takes function
/// pointers of, so that an I/O costs no delegate, no reflection and no virtual call. Not written by hand.
/// </summary>
public interface IAioCallbackDispatch
{
    /// <summary>The callback's name.</summary>
    static abstract string CallbackName { get; }

    /// <summary>Which of the methods below do something.</summary>
    static abstract AioCallbackPhases Phases { get; }

    /// <summary>Before the I/O can start, on the issuing thread.</summary>
    /// <param name="handle">The I/O.</param>
    /// <param name="data">The byte it was registered with.</param>
    static abstract void Stage(AioHandle handle, byte data);

    /// <summary>On whichever thread reaps; must not block.</summary>
    /// <param name="handle">The I/O.</param>
    /// <param name="prior">What the callback registered after this one judged.</param>
    /// <param name="data">The byte it was registered with.</param>
    static abstract AioResult CompleteShared(AioHandle handle, AioResult prior, byte data);

    /// <summary>On the issuing flow, when it looks at the result.</summary>
    /// <param name="handle">The I/O.</param>
    /// <param name="prior">What the callback registered after this one judged.</param>
    /// <param name="data">The byte it was registered with.</param>
    static abstract AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data);

    /// <summary>The reason, in words, of a result this callback judged.</summary>
    /// <param name="result">The result.</param>
    /// <param name="target">What the I/O was about.</param>
    static abstract string Report(AioResult result, AioTargetData target);
}
