namespace Sluice;

/// <summary>
/// Declares a struct as an I/O target: what an I/O is about, with identity enough to describe it in an error and to
/// open the file again.
/// </summary>
/// <remarks>
/// The struct must be <see langword="partial"/>, unmanaged and no larger than 40 bytes. The generator adds a
/// <c>TargetId</c>, packing into a handle, and one typed <c>Start…</c> method for each operation. The struct may declare
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
}
