using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>Waiting for what a step needs. What the session staged is submitted before any wait.</summary>
public sealed partial class BufferSession
{
    /// <summary>Submits what is staged, unless a loop does so before it blocks.</summary>
    internal void SubmitBeforeAwait()
    {
        if (!ReferenceEquals(AioLoop.Current?.Context, Context)) Context.Submit();
    }

    internal void WaitFor(in Blocker blocker)
    {
        switch (blocker.Kind)
        {
            case BlockerKind.OwnIo:
                Context.Wait(blocker.Reference);
                break;
            case BlockerKind.Io:
                Context.Submit();
                blocker.Reference.Wait();
                Context.Poll();
                break;
            case BlockerKind.BufferIo:
                Context.Submit();
                blocker.Frames!.Waits.QueueForIo(blocker.Index, isBlocking: true)?.Block(CancellationToken.None);
                break;
            case BlockerKind.Pins:
                Context.Submit();
                blocker.Frames!.Waits.QueueForUnpin(blocker.Index, isBlocking: true)?.Block(CancellationToken.None);
                break;
            case BlockerKind.Log:
                Context.Submit();
                ValueTask flush = Pool.Options.LogFlusher.FlushAsync(blocker.Log);
                if (flush.IsCompleted) flush.GetAwaiter().GetResult();
                else flush.AsTask().GetAwaiter().GetResult();
                break;
            default:
                if (!Context.WaitForAny())
                {
                    throw new StorageException(
                        "All handles of the session's context are taken, and none is in flight: "
                            + "another flow keeps one without starting it.");
                }

                break;
        }
    }

    internal ValueTask WaitForAsync(in Blocker blocker, CancellationToken cancellationToken)
    {
        switch (blocker.Kind)
        {
            case BlockerKind.OwnIo:
                return Context.WaitAsync(blocker.Reference, cancellationToken);
            case BlockerKind.Io:
                SubmitBeforeAwait();
                return blocker.Reference.WaitAsync(cancellationToken);
            case BlockerKind.BufferIo:
                SubmitBeforeAwait();
                return Discard(blocker.Frames!.Waits.QueueForIo(blocker.Index, isBlocking: false), cancellationToken);
            case BlockerKind.Pins:
                SubmitBeforeAwait();
                return Discard(blocker.Frames!.Waits.QueueForUnpin(blocker.Index, isBlocking: false), cancellationToken);
            case BlockerKind.Log:
                SubmitBeforeAwait();
                return Pool.Options.LogFlusher.FlushAsync(blocker.Log, cancellationToken);
            default:
                if (ReferenceEquals(AioLoop.Current?.Context, Context)) return Context.WaitForHandleAsync(cancellationToken);

                // Nobody else runs on this thread: it drives the method until an I/O is done.
                WaitFor(in blocker);
                return ValueTask.CompletedTask;
        }
    }

    /// <summary>Locks the content of a page of the pool that the caller pins. Blocks.</summary>
    internal void LockContent(int index, ContentLockMode mode, CancellationToken cancellationToken)
    {
        BufferFrames frames = Pool.Frames;
        Context.Submit();
        while (!frames.TryLock(index, mode))
        {
            // The lock of a write: waiting for the write drives it, which nobody else may do.
            if (frames.CopyReference(index, out WaitReference reference) && reference.IsValid)
            {
                reference.Wait(Timeout.Infinite, cancellationToken);
                continue;
            }

            StorageWaiter? waiter = frames.Waits.LockOrQueue(index, mode, isBlocking: true);
            if (waiter is null || waiter.Block(cancellationToken)) return;
        }
    }

    /// <summary>As <see cref="LockContent"/>; awaits.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> LockContentAsync(int index, ContentLockMode mode, CancellationToken cancellationToken)
    {
        BufferFrames frames = Pool.Frames;
        SubmitBeforeAwait();
        while (!frames.TryLock(index, mode))
        {
            if (frames.CopyReference(index, out WaitReference reference) && reference.IsValid)
            {
                await reference.WaitAsync(cancellationToken);
                continue;
            }

            StorageWaiter? waiter = frames.Waits.LockOrQueue(index, mode, isBlocking: false);
            if (waiter is null || await waiter.AsTask(cancellationToken)) return true;
        }

        return true;
    }

    private static ValueTask Discard(StorageWaiter? waiter, CancellationToken cancellationToken) =>
        waiter is null ? ValueTask.CompletedTask : waiter.AsPlainTask(cancellationToken);
}
