using Sluice.Methods;

namespace Sluice;

public readonly partial struct GenericFileTarget : IAioTarget<GenericFileTarget>
{
    /// <summary>x</summary>
    public static AioTargetId TargetId => AioRegistry.TargetId<GenericFileTarget>();

    static string IAioTarget<GenericFileTarget>.TargetName => "file";

    static bool IAioTarget<GenericFileTarget>.CanReopen => true;

    static string IAioTarget<GenericFileTarget>.Describe(in GenericFileTarget target) => Describe(in target);

    static IoFile IAioTarget<GenericFileTarget>.Reopen(in GenericFileTarget target, IoFileSystem fileSystem) => Reopen(in target, fileSystem);
}

internal sealed class SluiceAioModule : AioModule
{
    public static SluiceAioModule Instance { get; } = new();

    public override string Name => "Sluice";

    protected override void Register(AioModuleBuilder builder) => builder.AddTarget<GenericFileTarget>();
}
