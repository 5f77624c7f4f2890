namespace Sluice.Methods;

/// <summary>Where an io_method delivers completions. One per <see cref="IoMethodContext"/>, given by the runtime.</summary>
public abstract class IoCompletionSink
{
    /// <summary>
    /// Delivers completions. May be called on any thread, also from inside <see cref="IoMethodContext.Submit"/>; the runtime
    /// then sets them aside until Submit has returned, so nothing recurses. Each accepted request is delivered exactly once;
    /// from then on the method no longer touches it. Does not throw and does not block, but runs the completion callbacks of
    /// the layers above: hold no lock that <see cref="IoMethodContext.Submit"/> needs.
    /// </summary>
    /// <param name="completions">The completions; read before the call returns. In the order in which the requests ended, as far as
    /// known.</param>
    public abstract void Complete(ReadOnlySpan<IoCompletion> completions);
}
