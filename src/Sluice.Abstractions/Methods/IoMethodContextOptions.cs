namespace Sluice.Methods;

/// <summary>What a method gets to know when it makes the state for one issuer.</summary>
/// <param name="Id">The context's number: 0 to <see cref="IoMethodSettings.ContextsMax"/> - 1. Reused after the context was
/// disposed.</param>
/// <param name="HandleCount">The most requests in flight at once; <see cref="IoRequest.Slot"/> is below it.</param>
/// <param name="VectorsMax">The most vectors of a request.</param>
/// <param name="Sink">Where completions are delivered.</param>
public sealed record IoMethodContextOptions(int Id, int HandleCount, int VectorsMax, IoCompletionSink Sink);
