namespace Sluice;

/// <summary>
/// The life of a handle, as data: the generator emits the table, one method per transition and the refusal of all others.
/// Only <see cref="AioHandleState.Submitted"/> → <see cref="AioHandleState.CompletedIo"/> may be attempted by several threads
/// (a method that completes twice); everything else has one thread by design, so a release store is enough.
/// </summary>
[AioStateMachine(typeof(AioHandleState))]
[AioTransition("HandOut", AioHandleState.Idle, AioHandleState.HandedOut)]
[AioTransition("Release", AioHandleState.HandedOut, AioHandleState.Idle)]
[AioTransition("Define", AioHandleState.HandedOut, AioHandleState.Defined)]
[AioTransition("Stage", AioHandleState.Defined, AioHandleState.Staged)]
[AioTransition("Submit", AioHandleState.Staged, AioHandleState.Submitted)]
[AioTransition("CompleteIo", AioHandleState.Submitted, AioHandleState.CompletedIo, Ordering = AioTransitionOrdering.CompareExchange)]
[AioTransition("CompleteShared", AioHandleState.CompletedIo, AioHandleState.CompletedShared)]
[AioTransition("CompleteLocal", AioHandleState.CompletedShared, AioHandleState.CompletedLocal)]
[AioTransition("Reclaim", AioHandleState.CompletedLocal, AioHandleState.Idle)]
internal partial struct AioHandleLifecycle;
