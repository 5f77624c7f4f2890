using Sluice.Methods;
using Sluice.TestPlugins;

[assembly: IoMethodPlugin("throwing", typeof(ThrowingMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins;

/// <summary>
/// Fails where the setting <c>fail</c> says: <c>probe</c>, <c>create</c>, <c>refuse</c> (as the contract allows), <c>null</c>,
/// <c>name</c>. Fails in its constructor while a file <c>fail-in-constructor</c> lies beside it.
/// </summary>
public sealed class ThrowingMethodFactory : IIoMethodFactory
{
    public ThrowingMethodFactory()
    {
        string folder = Path.GetDirectoryName(typeof(ThrowingMethodFactory).Assembly.Location)!;
        if (File.Exists(Path.Combine(folder, "fail-in-constructor"))) throw new OwnException("the constructor\nfailed");
    }

    public IoMethodAvailability Probe(IoMethodSettings settings) => settings.Values.GetValueOrDefault("fail") == "probe"
        ? throw new OwnException("the probe\nfailed")
        : IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => settings.Values.GetValueOrDefault("fail") switch
    {
        "create" => throw new OwnException("the creation\nfailed"),
        "refuse" => throw new IoMethodException("the kernel says no:\nallow it"),
        "null" => null!,
        "name" => new InlineMethod("somebody_else"),
        _ => new InlineMethod("throwing"),
    };

    private sealed class OwnException(string message) : Exception(message);
}
