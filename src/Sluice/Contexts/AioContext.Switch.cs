namespace Sluice;

/// <summary>What a switch of the method does with a context.</summary>
public sealed unsafe partial class AioContext
{
    /// <summary>
    /// Waits until the method has nothing of this context and takes the lead, so that nobody is inside the method. The gate is
    /// closed. Blocks.
    /// </summary>
    internal void DrainForSwitch()
    {
        SpinWait spin = default;
        while (true)
        {
            if (!TryLead())
            {
                // Somebody waits inside the method: it comes out when something completed, or now.
                MethodContext.Wake();
                spin.SpinOnce();
                continue;
            }

            if (CountSubmitted() == 0) return;
            try
            {
                // A bounded wait: what is executed in place completes without the method.
                if (IsDriven) MethodContext.Wait(DrainStepMilliseconds);
                else spin.SpinOnce();
            }
            finally
            {
                EndLead();
            }
        }
    }

    /// <summary>Gives up the lead that <see cref="DrainForSwitch"/> took, and submits what was staged meanwhile.</summary>
    internal void ResumeAfterSwitch()
    {
        RenewWatch();
        OpenGate();
        EndLead();
        WakeOwner();
    }

    /// <summary>So that statistics of a shared context include what completed and was not yet taken back.</summary>
    internal void ReclaimForStatistics()
    {
        if (!IsShared || !_ownerLock.TryEnter()) return;
        int previous = _ownerThread;
        _ownerThread = Environment.CurrentManagedThreadId;
        ReclaimCompleted();
        new OwnerRole(this, previous).Dispose();
    }

    private const int DrainStepMilliseconds = 10;
}
