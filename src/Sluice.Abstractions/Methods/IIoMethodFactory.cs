namespace Sluice.Methods;

/// <summary>
/// Makes an io_method. The plugin host creates one per load, on the thread that loads, and keeps no other reference into the plugin.
/// </summary>
public interface IIoMethodFactory
{
    /// <summary>
    /// Says whether the method can work here and now, cheaply and without leaving anything behind. May block for a moment
    /// (io_uring sets up a ring and does a real read and a real fdatasync). Does not throw.
    /// </summary>
    /// <param name="settings">The settings that <see cref="Create"/> would get.</param>
    /// <returns>Available, or the reason why not and what an operator can do about it.</returns>
    IoMethodAvailability Probe(IoMethodSettings settings);

    /// <summary>Makes the method.</summary>
    /// <param name="settings">Sizes that the method may rely on, and the host's settings for it.</param>
    /// <returns>The method; the host owns it and disposes it after its last context.</returns>
    /// <exception cref="IoMethodException">It cannot work here; the message says why and what to do.</exception>
    IoMethod Create(IoMethodSettings settings);
}
