using Sluice.Methods;
using Sluice.Methods.Sync;

[assembly: IoMethodPlugin("sync", typeof(SyncMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.Methods.Sync;

/// <summary>
/// Makes the io_method <c>sync</c>: every request is executed by its issuer, at once. Works everywhere and has no settings.
/// </summary>
public sealed class SyncMethodFactory : IIoMethodFactory
{
    /// <inheritdoc/>
    public IoMethodAvailability Probe(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            settings.RefuseUnknown();
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
        settings.RefuseUnknown();
        return new SyncMethod();
    }
}
