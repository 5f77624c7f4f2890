namespace Sluice.TestPlugins.Injecting;

/// <summary>Thrown because a test asked for it.</summary>
public sealed class InjectedException(string place) : Exception($"injected into {place}");
