namespace Sluice;

/// <summary>
/// Declares a struct as an I/O target: what an I/O is about, with identity enough to describe it in an error and to
/// open the file again.
/// </summary>
/// <remarks>
/// The struct must be <see langword="partial"/>, unmanaged and no larger than 40 bytes. The generator adds a
/// <c>TargetId</c> and one typed <c>Start…</c> method for each operation, which packs the struct into the handle, registers
/// <see cref="Callbacks"/> and starts; a start method declared by hand with the same signature takes its place. The struct may declare
/// <c>static string Describe(in T target)</c> (a description from its fields is generated otherwise) and must declare
/// <c>static IoFile Reopen(in T target, IoFileSystem fileSystem)</c> unless <see cref="CanReopen"/> is false.
/// </remarks>
/// <param name="name">The name shown in errors and in the snapshot of what is in flight; unique in its assembly.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class AioTargetAttribute(string name) : Attribute
{
    /// <summary>The name shown in errors and in the snapshot of what is in flight.</summary>
    public string Name { get; } = name;

    /// <summary>Whether the target can open its file again from its identity alone. True unless said otherwise.</summary>
    public bool CanReopen { get; init; } = true;

    /// <summary>
    /// The callbacks that every I/O of this target carries: classes marked <see cref="AioCallbackAttribute"/>, at most 4. The
    /// start methods register them in this order with data 0, so that the last one listed runs first.
    /// </summary>
    public Type[] Callbacks { get; init; } = [];
}
