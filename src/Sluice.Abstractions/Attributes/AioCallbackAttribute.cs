namespace Sluice;

/// <summary>
/// Declares a static partial class as a completion callback: one layer's reaction to its I/O, named by a one-byte id.
/// </summary>
/// <remarks>
/// The class declares any of these static methods, and at least one of the two completions; the generator finds them by
/// name and adds the callback's <c>Id</c>:
/// <list type="bullet">
/// <item><c>void Stage(AioHandle handle, byte data)</c>: on the issuing thread, before the I/O can start. May throw; the I/O then never
/// starts.</item>
/// <item><c>AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)</c>: on whichever thread reaps. Must not block.</item>
/// <item><c>AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)</c>: on the issuing flow, when it looks at the
/// result.</item>
/// <item><c>string Report(AioResult result, AioTargetData target)</c>: the one line that explains a result this callback judged.</item>
/// </list>
/// All of one I/O's callbacks run last registered first, each completion receiving the previous one's result.
/// </remarks>
/// <param name="name">The name shown in diagnostics; unique in its assembly.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AioCallbackAttribute(string name) : Attribute
{
    /// <summary>The name shown in diagnostics.</summary>
    public string Name { get; } = name;
}
