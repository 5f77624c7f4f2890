using Sluice.Methods;
using Sluice.Methods.Worker;

[assembly: IoMethodPlugin("worker", typeof(WorkerMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.Methods.Worker;

/// <summary>Makes the io_method <c>worker</c>: a pool of threads executes what would block. Works everywhere.</summary>
public sealed class WorkerMethodFactory : IIoMethodFactory
{
    /// <inheritdoc/>
    public IoMethodAvailability Probe(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            _ = new WorkerSettings(settings);
            return IoMethodAvailability.Available;
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
        return new WorkerMethod(new WorkerSettings(settings), settings.TimeProvider);
    }
}
