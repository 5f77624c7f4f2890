namespace Sluice;

internal partial struct AioHandleLifecycle
{
    private int _state;

    public AioHandleState Value => (AioHandleState)Volatile.Read(ref _state);

    public void HandOut() => Go(AioHandleState.Idle, AioHandleState.HandedOut);

    public void Release() => Go(AioHandleState.HandedOut, AioHandleState.Idle);

    public void Define() => Go(AioHandleState.HandedOut, AioHandleState.Defined);

    public void Stage() => Go(AioHandleState.Defined, AioHandleState.Staged);

    public void Submit() => Go(AioHandleState.Staged, AioHandleState.Submitted);

    public bool TryCompleteIo() => Interlocked.CompareExchange(ref _state, (int)AioHandleState.CompletedIo, (int)AioHandleState.Submitted) == (int)AioHandleState.Submitted;

    public void CompleteShared() => Go(AioHandleState.CompletedIo, AioHandleState.CompletedShared);

    public void CompleteLocal() => Go(AioHandleState.CompletedShared, AioHandleState.CompletedLocal);

    public void Reclaim() => Go(AioHandleState.CompletedLocal, AioHandleState.Idle);

    private void Go(AioHandleState from, AioHandleState to)
    {
        if (_state != (int)from) Invariant.Broken($"illegal transition from {(AioHandleState)_state} to {to}");
        Volatile.Write(ref _state, (int)to);
    }
}
