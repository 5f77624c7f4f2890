namespace Sluice.TestPlugins.Injecting;

internal enum InjectionKind
{
    Stall,
    Replace,
    Twice,
    Stale,
    Delay,
}
