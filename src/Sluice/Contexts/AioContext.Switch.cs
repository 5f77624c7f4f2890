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
        TakeLead();
        SpinWait spin = default;
        while (CountSubmitted() != 0)
        {
            try
            {
                // A bounded wait: what the runtime executes itself completes without the method.
                if (IsDriven) MethodContext.Wait(DrainStepMilliseconds);
                else spin.SpinOnce();
            }
            catch (Exception exception)
            {
                // Giving up would leave everybody before a closed gate.
                System.ReportMethodFault(exception);
                spin.SpinOnce();
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
        using (new OwnerRole(this, previous)) ReclaimCompleted();
    }

    private const int DrainStepMilliseconds = 10;
}
