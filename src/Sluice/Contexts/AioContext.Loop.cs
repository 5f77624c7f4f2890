namespace Sluice;

/// <summary>What a loop does with its context.</summary>
public sealed unsafe partial class AioContext
{
    /// <summary>The loop's thread takes the owner's role for good, and a batch stays open: the loop decides when to submit.</summary>
    internal void BecomeLoops()
    {
        _ownerThread = Environment.CurrentManagedThreadId;
        _isInBatch = true;
    }

    internal void NoLongerLoops()
    {
        _ownerThread = 0;
        _isInBatch = false;
        SubmitStaged(waitFollows: false);
    }

    /// <summary>Submits, and takes note of what completed.</summary>
    internal void TurnWithoutBlocking()
    {
        SubmitStaged(waitFollows: false);
        ReclaimCompleted();
        if (CountInUse() == 0 || !IsDriven || !TryLead()) return;
        ReapGuarded();
        EndLead();
    }

    /// <summary>Submits and blocks until something completed or <see cref="WakeOwner"/> was called.</summary>
    internal void TurnAndBlock()
    {
        ReclaimCompleted();
        if (CountInUse() != 0) WaitForAnyCore(Timeout.Infinite, CancellationToken.None);
        else _ownerSleeper.Sleep(Timeout.Infinite);
    }
}
