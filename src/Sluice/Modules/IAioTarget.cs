namespace Sluice;

/// <summary>What the generator makes of a struct with <see cref="AioTargetAttribute"/>. Not written by hand.</summary>
/// <typeparam name="TSelf">The struct.</typeparam>
public interface IAioTarget<TSelf>
    where TSelf : unmanaged, IAioTarget<TSelf>
{
    /// <summary>The name of the kind of target.</summary>
    static abstract string TargetName { get; }

    /// <summary>Whether <see cref="Reopen"/> works.</summary>
    static abstract bool CanReopen { get; }

    /// <summary>One line for people: what the I/O is about.</summary>
    /// <param name="target">The target.</param>
    static abstract string Describe(in TSelf target);

    /// <summary>Opens the target's file again from its identity.</summary>
    /// <param name="target">The target.</param>
    /// <param name="fileSystem">The namespace to open it in.</param>
    static abstract IoFile Reopen(in TSelf target, IoFileSystem fileSystem);
}
