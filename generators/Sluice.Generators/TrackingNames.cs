namespace Sluice.Generators;

/// <summary>Names of the pipeline's steps, for the tests of what is cached.</summary>
internal static class TrackingNames
{
    public const string Targets = nameof(Targets);
    public const string Callbacks = nameof(Callbacks);
    public const string StateMachines = nameof(StateMachines);
    public const string LogRecords = nameof(LogRecords);
    public const string ModuleLogRecords = nameof(ModuleLogRecords);
    public const string ModuleOptions = nameof(ModuleOptions);
    public const string ModuleTargets = nameof(ModuleTargets);
    public const string ModuleCallbacks = nameof(ModuleCallbacks);

    public static readonly string[] All =
    [
        Targets, Callbacks, StateMachines, ModuleOptions, ModuleTargets, ModuleCallbacks, LogRecords, ModuleLogRecords,
    ];
}
