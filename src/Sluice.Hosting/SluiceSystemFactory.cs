using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Plugins;

namespace Sluice.Hosting;

/// <summary>Makes the host's system from what the host's services know, and connects its warnings to the log.</summary>
internal static class SluiceSystemFactory
{
    internal static AioSystem Start(IServiceProvider services)
    {
        SluiceOptions options = services.GetRequiredService<IOptions<SluiceOptions>>().Value;
        ILogger logger = services.GetService<ILogger<AioSystem>>() ?? (ILogger)NullLogger.Instance;
        AioSystemOptions systemOptions = options.ToSystemOptions();
        systemOptions.TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System;
        systemOptions.Catalog = MakeCatalog(services, options);
        foreach (AioModule module in services.GetServices<AioModule>()) systemOptions.Modules.Add(module);

        AioSystem system = AioSystem.Start(systemOptions);
        system.Warning += warning => Log(logger, warning);
        SluiceLog.Started(logger, system.MethodName, system.Options.ContextsMax, system.Options.HandlesPerContext);
        foreach (string reason in system.PassedOver) SluiceLog.PassedOver(logger, reason);
        foreach (string name in options.MethodSettings.Keys)
        {
            bool isThere = systemOptions.Catalog.Plugins.Any(plugin => plugin.Name == name);
            if (!isThere) SluiceLog.SettingsForNobody(logger, options.KeyPrefix, name);
        }

        return system;
    }

    private static IoMethodCatalog MakeCatalog(IServiceProvider services, SluiceOptions options)
    {
        IoMethodCatalog catalog = new();
        _ = options.PluginDirectories.Count == 0 ? catalog.Discover() : catalog.Discover(options.PluginDirectories);
        foreach (LinkedIoMethod method in services.GetServices<LinkedIoMethod>()) catalog.Add(method.Name, method.Factory);
        return catalog;
    }

    private static void Log(ILogger logger, AioWarning warning)
    {
        string context = warning.ContextName.Length == 0 ? "none" : warning.ContextName;
        if (warning.Exception is null) SluiceLog.Warning(logger, warning.Message, context);
        else SluiceLog.Fault(logger, warning.Message, context, warning.Exception);
    }
}
