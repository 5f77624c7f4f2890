namespace Sluice;

/// <summary>Declares one legal transition of the state machine it stands on. Several with one name make one method.</summary>
/// <param name="name">The name of the method to emit, in the imperative: <c>Submit</c>.</param>
/// <param name="from">The state it leaves: a member of the machine's enum.</param>
/// <param name="to">The state it enters: a member of the machine's enum.</param>
[AttributeUsage(AttributeTargets.Struct, AllowMultiple = true)]
public sealed class AioTransitionAttribute(string name, object from, object to) : Attribute
{
    /// <summary>The name of the method to emit.</summary>
    public string Name { get; } = name;

    /// <summary>The state it leaves.</summary>
    public object From { get; } = from;

    /// <summary>The state it enters.</summary>
    public object To { get; } = to;

    /// <summary>How the new state is published. All transitions of one name must agree.</summary>
    public AioTransitionOrdering Ordering { get; init; } = AioTransitionOrdering.ReleaseStore;
}
