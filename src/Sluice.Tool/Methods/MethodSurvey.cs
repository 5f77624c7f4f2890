using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice.Tool.Methods;

/// <summary>Every io_method beside the tool, each started once in a small system of its own.</summary>
/// <param name="Rows">One per plugin, also the rejected ones.</param>
/// <param name="SearchedDirectory">Where they were looked for.</param>
internal sealed record MethodSurvey(IReadOnlyList<MethodRow> Rows, string SearchedDirectory)
{
    private const int ArenaBufferBytes = 64 << 10;
    private const int ArenaBuffers = 8;

    /// <summary>Makes the survey. Blocks.</summary>
    internal static MethodSurvey Make(CancellationToken cancellationToken)
    {
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        string? automatic = FindAutomatic();
        List<MethodRow> rows = [];
        foreach (IoMethodPlugin plugin in catalog.Plugins)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows.Add(Try(plugin, plugin.Name == automatic && plugin.State != PluginState.Rejected));
        }

        return new MethodSurvey(rows, IoMethodCatalog.DefaultDirectory);
    }

    private static AioSystemOptions SmallSystem(string method) => new()
    {
        Method = method,
        ContextsMax = 2,
        SharedContexts = 1,
        HandlesPerContext = 64,
    };

    private static string? FindAutomatic()
    {
        try
        {
            using AioSystem system = AioSystem.Start(SmallSystem(IoMethodSelector.Auto));
            return system.MethodName;
        }
        catch (IoMethodException)
        {
            // Not one of them works: each row says why.
            return null;
        }
    }

    private static MethodRow Try(IoMethodPlugin plugin, bool isAutomatic)
    {
        MethodRow row = new(
            plugin.Name, StateOf(plugin), IsAvailable: false, isAutomatic, plugin.Reason,
            plugin.Version?.ToString(), plugin.ContractVersion?.ToString(), plugin.Path, Capabilities: null, Negotiated: []);
        if (plugin.State == PluginState.Rejected) return row;

        // A catalog serves one system, so each trial has its own.
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        try
        {
            AioSystemOptions options = SmallSystem(plugin.Name);
            options.Catalog = catalog;
            using AioSystem system = AioSystem.Start(options);
            using BufferArena arena = system.CreateArena(ArenaBufferBytes, ArenaBuffers);
            IoMethodPlugin running = catalog.Get(plugin.Name);
            List<KeyValuePair<string, string>> negotiated = [.. system.DescribeMethod()];
            return row with
            {
                State = StateOf(running),
                IsAvailable = true,
                Reason = null,
                Capabilities = system.MethodCapabilities,
                Negotiated = negotiated,
            };
        }
        catch (IoMethodException exception)
        {
            return row with { State = StateOf(catalog.Get(plugin.Name)), Reason = exception.Message };
        }
    }

    private static string StateOf(IoMethodPlugin plugin) => plugin.State.ToString().ToLowerInvariant();
}
