namespace Sluice.Generators.Model;

/// <summary>One legal transition.</summary>
/// <param name="Name">The name of its method.</param>
/// <param name="From">The state it leaves, as an index into the machine's states.</param>
/// <param name="To">The state it enters, likewise.</param>
/// <param name="IsCompareExchange">Whether several threads may race for it.</param>
internal sealed record TransitionModel(string Name, int From, int To, bool IsCompareExchange);
