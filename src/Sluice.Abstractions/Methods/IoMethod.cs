namespace Sluice.Methods;

/// <summary>
/// An io_method: how I/O is really done. One object per system; it makes one <see cref="IoMethodContext"/> per issuer.
/// </summary>
/// <remarks>
/// A method never loses an I/O: submission problems (EAGAIN, EBUSY, EINTR, a partial submit) are its own to solve, by
/// trying again or by <see cref="IoFile.Execute"/>. It starts only threads that it joins in <see cref="Dispose"/>, and
/// keeps no statics, so that it can be unloaded.
/// </remarks>
public abstract class IoMethod : IDisposable
{
    /// <summary>The name, the same as in <see cref="IoMethodPluginAttribute"/>.</summary>
    public abstract string Name { get; }

    /// <summary>What the method can do; constant.</summary>
    public abstract IoMethodCapabilities Capabilities { get; }

    /// <summary>The namespace for the method's own kind of files, or null for the operating system's.</summary>
    public virtual IoFileSystem? FileSystem => null;

    /// <summary>
    /// Makes the state for one issuer. Any thread; contexts may be made and disposed while others are busy.
    /// </summary>
    /// <param name="options">The context's number, sizes and sink.</param>
    /// <exception cref="IoMethodException">It cannot be made (a limit of the system); the message says which and what to do.</exception>
    public abstract IoMethodContext CreateContext(IoMethodContextOptions options);

    /// <summary>
    /// Makes a piece of native memory known, so that I/O to it can be cheaper. Any thread, with I/O in flight. The memory stays
    /// mapped until <see cref="UnregisterBuffers"/> returned. A refusal is not an error: the method counts and describes it.
    /// </summary>
    /// <param name="address">The first byte; page-aligned.</param>
    /// <param name="lengthBytes">The length; a multiple of the page size.</param>
    /// <returns>Whether it is known: a context uses it, or contexts made later may. When not, there is nothing to unregister.</returns>
    public virtual bool RegisterBuffers(nint address, nuint lengthBytes) => false;

    /// <summary>Forgets memory made known by <see cref="RegisterBuffers"/>. Nothing is in flight on it.</summary>
    /// <param name="address">As it was registered.</param>
    public virtual void UnregisterBuffers(nint address)
    {
    }

    /// <summary>
    /// A file is about to be closed: nothing is in flight on it and nothing will be. A method that keeps something per file
    /// (a registered descriptor) lets go of it here. Any thread.
    /// </summary>
    /// <param name="file">The file.</param>
    public virtual void FileClosing(IoFile file)
    {
    }

    /// <summary>
    /// Driven methods only. Blocks until a watched context (<see cref="IoMethodContext.SetWatched"/>) has completions to reap,
    /// <see cref="WakeReadyWaiter"/> is called, or the time is up. Only one thread calls it. Each completion that becomes
    /// available in a watched context after a return makes a later call return that context.
    /// </summary>
    /// <param name="readyContextIds">Receives the numbers of contexts that are ready.</param>
    /// <param name="timeoutMilliseconds">How long to block; -1 for ever.</param>
    /// <returns>How many numbers were written.</returns>
    public virtual int WaitForReady(Span<int> readyContextIds, int timeoutMilliseconds) => throw new NotSupportedException();

    /// <summary>Driven methods only. Makes a current or the next <see cref="WaitForReady"/> return. Any thread.</summary>
    public virtual void WakeReadyWaiter() => throw new NotSupportedException();

    /// <summary>
    /// Changes a setting of the running method, so that it holds from now on. Any thread, with I/O in flight; does not wait until
    /// the change has taken full effect. A method says which of its settings can be changed; the others keep their value.
    /// </summary>
    /// <param name="name">The setting's name, as in <see cref="IoMethodSettings.Values"/>; compared without regard to case.</param>
    /// <param name="value">The new value, written as in the settings.</param>
    /// <param name="refusal">One line: why nothing was changed and what to do. Null when it was changed.</param>
    /// <returns>Whether it was changed.</returns>
    public virtual bool TryChangeSetting(string name, string value, out string? refusal)
    {
        refusal = $"Setting '{name}' of io_method '{Name}' cannot be changed while it runs: set it before the method is started.";
        return false;
    }

    /// <summary>
    /// What was negotiated with the system and what happened since, as name and value, for people: ring features, worker bounds, refusals,
    /// overflows. Any thread.
    /// </summary>
    public virtual IEnumerable<KeyValuePair<string, string>> Describe() => [];

    /// <summary>
    /// Counters of the method by name, monotonic, for metrics: queue overflows, synchronous fallbacks, punts, refused registrations. Any
    /// thread.
    /// </summary>
    public virtual IEnumerable<KeyValuePair<string, long>> ReadCounters() => [];

    /// <summary>Releases everything. All contexts were disposed before. Joins the method's threads.</summary>
    public abstract void Dispose();
}
