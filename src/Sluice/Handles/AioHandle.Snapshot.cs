namespace Sluice;

/// <summary>Reading a handle that others change meanwhile.</summary>
public sealed unsafe partial class AioHandle
{
    /// <summary>
    /// The handle as a row, or null when it is idle or was recycled while it was read. Any thread, no lock: generation, state,
    /// fields, then generation and state again. A changed generation drops the row (trying again could go on for ever); a changed
    /// state reads again, which is bounded because states only go forward.
    /// </summary>
    internal AioHandleInfo? ReadInfo()
    {
        ulong generation = Generation;
        while (true)
        {
            AioHandleState state = _lifecycle.Value;
            if (state == AioHandleState.Idle) return null;
            AioTargetData target = _target;
            AioHandleInfo info = new()
            {
                ContextId = Context.Id,
                ContextName = Context.Name,
                HandleIndex = Index,
                Generation = generation,
                State = state,
            };
            if (state != AioHandleState.HandedOut)
            {
                info = info with
                {
                    Operation = Request.Operation,
                    OffsetBytes = Request.OffsetBytes,
                    LengthBytes = Request.LengthBytes,
                    DataCount = _dataCount,
                    Flags = Request.Flags,

                    // Written after the state said CompletedIo, so only valid from the next on.
                    RawResult = state > AioHandleState.CompletedIo ? _rawResult : null,
                    Result = state >= AioHandleState.CompletedShared ? _result : null,
                };
            }

            // Pairs with the release stores of state and generation: what was read above was read before these.
            Interlocked.MemoryBarrier();
            if (Generation != generation) return null;
            if (_lifecycle.Value != state) continue;
            return state == AioHandleState.HandedOut ? info : info with { TargetName = target.Name, Description = target.Describe() };
        }
    }
}
