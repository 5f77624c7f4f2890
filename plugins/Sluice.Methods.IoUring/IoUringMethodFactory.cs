namespace Sluice.Methods.IoUring;

/// <summary>
/// Makes the io_method <c>io_uring</c>; found through the assembly's <see cref="IoMethodPluginAttribute"/>. Any thread.
/// </summary>
public sealed class IoUringMethodFactory : IIoMethodFactory
{
    /// <inheritdoc/>
    public IoMethodAvailability Probe(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            return Availability.Check(IoUringOptions.Read(settings)) is { } reason
                ? IoMethodAvailability.Unavailable(reason)
                : IoMethodAvailability.Available;
        }
        catch (IoMethodException exception)
        {
            return IoMethodAvailability.Unavailable(exception.Message);
        }
    }

    /// <inheritdoc/>
    public IoMethod Create(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        IoUringOptions options = IoUringOptions.Read(settings);
        if (Availability.RefuseOtherSystems() is { } refusal) throw new IoMethodException(refusal);
        try
        {
            return new IoUringMethod(options, RingTraits.Negotiate(options), settings);
        }
        catch (RingException exception)
        {
            throw new IoMethodException(Availability.Explain(exception), exception);
        }
    }
}
