namespace Sluice.Hosting.Tests.Support;

/// <summary>A module that is not public, so that a scan skips it.</summary>
internal sealed class HiddenModule : AioModule
{
    public override string Name => "hidden";

    protected override void Register(AioModuleBuilder builder)
    {
    }
}
