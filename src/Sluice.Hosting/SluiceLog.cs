using Microsoft.Extensions.Logging;

namespace Sluice.Hosting;

/// <summary>What is logged, under the category <c>Sluice.AioSystem</c>. The event ids are documented and stay.</summary>
internal static partial class SluiceLog
{
    [LoggerMessage(1, LogLevel.Information, "Sluice uses io_method {Method}; up to {ContextsMax} contexts of {HandlesPerContext} handles.")]
    internal static partial void Started(ILogger logger, string method, int contextsMax, int handlesPerContext);

    [LoggerMessage(2, LogLevel.Information, "io_method auto passed over {Reason}")]
    internal static partial void PassedOver(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning,
        "{KeyPrefix}MethodSettings:{Method} is for an io_method that this host does not have: correct the name, or remove it.")]
    internal static partial void SettingsForNobody(ILogger logger, string keyPrefix, string method);

    [LoggerMessage(4, LogLevel.Warning, "{Message} (context {Context})")]
    internal static partial void Warning(ILogger logger, string message, string context);

    [LoggerMessage(5, LogLevel.Error, "{Message} (context {Context})")]
    internal static partial void Fault(ILogger logger, string message, string context, Exception exception);

    [LoggerMessage(6, LogLevel.Information, "Sluice stopped: nothing was left in flight.")]
    internal static partial void Stopped(ILogger logger);

    [LoggerMessage(7, LogLevel.Warning, "The time for the shutdown was up with {Count} I/Os in flight: {Rows}")]
    internal static partial void LeftInFlight(ILogger logger, int count, string rows);

    [LoggerMessage(8, LogLevel.Error, "Sluice failed while it was stopped.")]
    internal static partial void StopFailed(ILogger logger, Exception exception);
}
