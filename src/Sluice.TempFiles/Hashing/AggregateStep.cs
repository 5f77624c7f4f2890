namespace Sluice.TempFiles;

/// <summary>Takes one more input into the state of its group.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TInput">The input.</typeparam>
/// <param name="state">The state; at first as it was made for the group.</param>
/// <param name="input">The input.</param>
public delegate void AggregateStep<TState, TInput>(ref TState state, TInput input);
