namespace Sluice;

/// <summary>
/// Declares a partial struct as a state machine over an enum: the struct holds the state in one field and the generator
/// emits the transition table, a named method for each transition, the refusal of everything else, and a diagram.
/// </summary>
/// <remarks>
/// Transitions are declared with <see cref="AioTransitionAttribute"/> on the same struct. The machine starts in the
/// enum's member with value zero. The struct must be a field that is never copied: it is the state.
/// </remarks>
/// <param name="states">The enum of states; consecutive values from zero, at most 32 of them.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class AioStateMachineAttribute(Type states) : Attribute
{
    /// <summary>The enum of states.</summary>
    public Type States { get; } = states;

    /// <summary>
    /// Whether the machine may rest for ever in a state that has no way out (a closed file, an unloaded plugin). False unless said
    /// otherwise.
    /// </summary>
    public bool AllowsFinalStates { get; init; }
}
