using Sluice.Generators.Helpers;

namespace Sluice.Generators.Model;

/// <summary>Everything the emitter must know of one <c>[AioTarget]</c> struct.</summary>
/// <param name="Type">The struct.</param>
/// <param name="Name">The target's name.</param>
/// <param name="CanReopen">Whether the file can be opened again; the user's Reopen is then called if <paramref name="HasReopen"/>.</param>
/// <param name="HasDescribe">Whether the user declared Describe with the right signature.</param>
/// <param name="HasReopen">Whether the user declared Reopen with the right signature.</param>
/// <param name="DescribedMembers">The public fields and properties that a generated description shows.</param>
/// <param name="Callbacks">The callback classes, in code, that every I/O of the target carries.</param>
/// <param name="TakenMembers">Names and signatures that the user declared and that are therefore not emitted.</param>
/// <param name="IsStub">Whether the struct cannot be a target, and only what keeps user code compiling is emitted.</param>
internal sealed record TargetModel(
    TypeModel Type,
    string Name,
    bool CanReopen,
    bool HasDescribe,
    bool HasReopen,
    EquatableArray<string> DescribedMembers,
    EquatableArray<string> Callbacks,
    EquatableArray<string> TakenMembers,
    bool IsStub);
