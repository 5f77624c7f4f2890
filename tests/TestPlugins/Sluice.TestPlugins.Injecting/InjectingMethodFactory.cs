using Sluice.Methods;
using Sluice.TestPlugins.Injecting;

[assembly: IoMethodPlugin("injecting", typeof(InjectingMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins.Injecting;

/// <summary>
/// Wraps another method and injects what a test asks for. Linked with another factory and a control, or loaded as a plugin, which
/// then wraps a method that executes at submission.
/// </summary>
public sealed class InjectingMethodFactory : IIoMethodFactory
{
    private readonly IIoMethodFactory? _inner;

    public InjectingMethodFactory()
        : this(null, new InjectionControl())
    {
    }

    public InjectingMethodFactory(IIoMethodFactory? inner, InjectionControl control)
    {
        _inner = inner;
        Control = control;
    }

    public InjectionControl Control { get; }

    public IoMethodAvailability Probe(IoMethodSettings settings) => _inner?.Probe(settings) ?? IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) =>
        new InjectingMethod(_inner?.Create(settings) ?? new InlineMethod("inline"), Control);
}
