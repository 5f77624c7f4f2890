namespace Sluice;

/// <summary>
/// All targets and callbacks of one assembly; the generator emits one such class. A host names it once:
/// <c>options.Modules.Add(MyAppAioModule.Instance)</c>.
/// </summary>
public abstract class AioModule
{
    private readonly Lock _lock = new();
    private bool _isRegistered;

    /// <summary>The module's name, for messages.</summary>
    public abstract string Name { get; }

    /// <summary>Adds every target and callback of the assembly.</summary>
    /// <param name="builder">Where to.</param>
    protected abstract void Register(AioModuleBuilder builder);

    /// <summary>
    /// Gives the module's targets and callbacks their process-wide ids. Done by the system's start; again is nothing. Any thread.
    /// </summary>
    public void EnsureRegistered()
    {
        lock (_lock)
        {
            if (_isRegistered) return;
            Register(new AioModuleBuilder(this));
            _isRegistered = true;
        }
    }
}
