namespace Sluice.Methods;

/// <summary>
/// The state of an io_method for one issuer. The runtime keeps these rules, so a method needs no locks for them: Submit is
/// never called twice at once; Wait and Reap are called only by the one thread that leads the context at the moment, never
/// twice at once; Submit and Wait or Reap may overlap.
/// </summary>
public abstract class IoMethodContext : IDisposable
{
    /// <summary>
    /// Asks before submission whether a request has to be executed by the issuer at once. If so the runtime calls
    /// <see cref="IoFile.Execute"/> itself and <see cref="Submit"/> never sees the request. Issuing thread; does not block.
    /// </summary>
    /// <param name="request">The request.</param>
    public virtual bool NeedsSynchronousExecution(IoRequest request) => false;

    /// <summary>
    /// Asks before staging whether a request can be executed at once because nothing has to be waited for (its data is in memory),
    /// and executes it if so. Issuing thread, not twice at once; may overlap with everything else. Does not block.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="outcome">What became of it, when it was executed.</param>
    /// <returns>False when it was not executed: it is staged, and comes to <see cref="Submit"/>.</returns>
    public virtual bool TryExecuteAtOnce(IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        return false;
    }

    /// <summary>
    /// Methods that are not driven only. Asked before the issuing flow sleeps until one of its I/Os completes: executes a request of this
    /// context that was submitted and that nobody has begun, if nothing has to be waited for, and delivers its completion. So whoever would
    /// wait for copies does some of them. Issuing thread, with nothing of this context running on it; may overlap with everything else.
    /// Does not block.
    /// </summary>
    /// <returns>Whether a completion was delivered: the flow looks before it sleeps.</returns>
    public virtual bool TryExecuteSubmitted() => false;

    /// <summary>
    /// Takes requests over. They, their vectors and their files stay valid until their completion was delivered.
    /// Must not wait for an I/O of anybody; may execute requests in place (a full queue) and deliver them at once.
    /// </summary>
    /// <param name="batch">The requests, in order; at most 32. Read before the call returns.</param>
    /// <param name="waitFollows">
    /// The same thread calls <see cref="Wait"/> next, with nothing between: a driven method may keep the hand-over for that
    /// call, so that both are one system call.
    /// </param>
    /// <returns>
    /// How many were taken: all, always. If the method cannot take more (which it should solve itself), the runtime executes
    /// the rest on the issuing thread and counts it. An exception means that none was taken.
    /// </returns>
    public abstract int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows);

    /// <summary>
    /// Driven methods only. Blocks until at least one completion was delivered, <see cref="Wake"/> was called since the last
    /// return, or the time is up; delivers all that are there. EINTR is routine and handled here. Leading thread.
    /// </summary>
    /// <param name="timeoutMilliseconds">How long to block; -1 for ever, 0 not at all.</param>
    public virtual void Wait(int timeoutMilliseconds) => throw new NotSupportedException();

    /// <summary>Driven methods only. Delivers the completions that are there, without blocking. Leading thread.</summary>
    /// <returns>How many were delivered.</returns>
    public virtual int Reap() => throw new NotSupportedException();

    /// <summary>Driven methods only. Whether completions are there to reap: a cheap look from any thread, allowed to be stale.</summary>
    public virtual bool HasCompletions => throw new NotSupportedException();

    /// <summary>
    /// Driven methods only. Makes a current or the next <see cref="Wait"/> return. Any thread, also while and after the state is disposed:
    /// nothing happens then.
    /// </summary>
    public virtual void Wake() => throw new NotSupportedException();

    /// <summary>
    /// Driven methods only. Says whether somebody awaits completions of this context without driving it; see
    /// <see cref="IoMethod.WaitForReady"/>. If completions are there already when it is set, that counts. Any thread, not twice at once.
    /// </summary>
    /// <param name="watched">Whether to watch.</param>
    public virtual void SetWatched(bool watched) => throw new NotSupportedException();

    /// <summary>Releases the state. Nothing is in flight: the runtime drained it.</summary>
    public abstract void Dispose();
}
