namespace Sluice.Methods.Tests.Support;

/// <summary>Settings as a host gives them.</summary>
internal static class MethodSettings
{
    internal static IoMethodSettings With(params (string Name, string Value)[] values) => With(TimeProvider.System, values);

    internal static IoMethodSettings With(TimeProvider timeProvider, params (string Name, string Value)[] values) => new()
    {
        ContextsMax = 8,
        HandlesPerContext = 64,
        TimeProvider = timeProvider,
        Values = values.ToDictionary(value => value.Name, value => value.Value, StringComparer.OrdinalIgnoreCase),
    };

    internal static IoMethodContext Context(IoMethod method, IoCompletionSink sink, int id = 0) =>
        method.CreateContext(new IoMethodContextOptions(id, 64, 4, sink));

    internal static long Counter(IoMethod method, string name) => method.ReadCounters().Single(counter => counter.Key == name).Value;
}
