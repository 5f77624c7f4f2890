using Sluice.Generators.Helpers;

namespace Sluice.Generators.Model;

/// <summary>Everything the emitter must know of one <c>[AioStateMachine]</c> struct.</summary>
/// <param name="Type">The struct.</param>
/// <param name="StatesReference">The enum in code; empty when there is none.</param>
/// <param name="StatesAccess">The accessibility of members that show the enum.</param>
/// <param name="States">The enum's members in the order of their values, which are 0, 1, 2, …</param>
/// <param name="Transitions">The legal transitions, ordered by state left, state entered and name.</param>
/// <param name="TakenMembers">Names that the user declared and that are therefore not emitted.</param>
/// <param name="IsStub">Whether the enum cannot be the states of a machine, and only what keeps user code compiling is emitted.</param>
internal sealed record StateMachineModel(
    TypeModel Type,
    string StatesReference,
    string StatesAccess,
    EquatableArray<string> States,
    EquatableArray<TransitionModel> Transitions,
    EquatableArray<string> TakenMembers,
    bool IsStub);
