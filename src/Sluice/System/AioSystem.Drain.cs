namespace Sluice;

/// <summary>Waiting for everybody's I/O.</summary>
public sealed partial class AioSystem
{
    /// <summary>
    /// Completes when nothing is in flight: submits what is staged and waits for it and for what the method has, in every context.
    /// I/O that is started meanwhile is waited for as well, so stop whoever starts it first. Any thread.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <exception cref="OperationCanceledException">
    /// When awaited: the token ended the wait; <see cref="Snapshot"/> says what is still in flight.
    /// </exception>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        while (FindInFlight() is { IsValid: true } reference) await reference.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private WaitReference FindInFlight()
    {
        foreach (AioContext context in Contexts())
        {
            foreach (AioHandle handle in context.Handles)
            {
                // Generation first: if the handle moves on between the two, the reference names an I/O that is over.
                ulong generation = handle.Generation;
                bool isInFlight = handle.State is AioHandleState.Staged or AioHandleState.Submitted or AioHandleState.CompletedIo;
                if (isInFlight) return new WaitReference(handle, generation);
            }
        }

        return default;
    }
}
