namespace Sluice.Storage;

/// <summary>Starts an I/O on a handle of a context, and gives the handle back when it could not be started.</summary>
internal static class ContextIo
{
    internal static WaitReference Start<TState>(AioContext context, AioReturn place, TState state, Action<AioHandle, TState> start)
    {
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        try
        {
            start(handle, state);
        }
        catch
        {
            if (handle.State == AioHandleState.HandedOut) handle.Release();
            throw;
        }

        return reference;
    }
}
