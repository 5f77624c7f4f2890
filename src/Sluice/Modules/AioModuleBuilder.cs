namespace Sluice;

/// <summary>Takes a module's targets and callbacks. Called by generated code.</summary>
public sealed class AioModuleBuilder
{
    private readonly AioModule _module;

    internal AioModuleBuilder(AioModule module) => _module = module;

    /// <summary>Adds a kind of target.</summary>
    /// <typeparam name="T">The target's struct.</typeparam>
    public void AddTarget<T>()
        where T : unmanaged, IAioTarget<T> => AioRegistry.AddTarget<T>(_module);

    /// <summary>Adds a callback.</summary>
    /// <typeparam name="TDispatch">The callback's generated dispatch.</typeparam>
    public void AddCallback<TDispatch>()
        where TDispatch : struct, IAioCallbackDispatch => AioRegistry.AddCallback<TDispatch>(_module);
}
