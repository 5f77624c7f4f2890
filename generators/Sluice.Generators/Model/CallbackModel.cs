using Sluice.Generators.Helpers;

namespace Sluice.Generators.Model;

/// <summary>Everything the emitter must know of one <c>[AioCallback]</c> class.</summary>
/// <param name="Type">The class.</param>
/// <param name="Name">The callback's name.</param>
/// <param name="Phases">The methods it declares with the right signature.</param>
/// <param name="TakenMembers">Names that the user declared and that are therefore not emitted.</param>
/// <param name="IsStub">Whether the class cannot be a callback, and only what keeps user code compiling is emitted.</param>
internal sealed record CallbackModel(
    TypeModel Type, string Name, CallbackPhases Phases, EquatableArray<string> TakenMembers, bool IsStub);
