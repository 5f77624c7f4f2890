namespace Sluice.Storage;

/// <summary>A list that waiters stand in.</summary>
internal interface IWaitList
{
    /// <summary>Takes a waiter out that gives up. Any thread.</summary>
    /// <param name="waiter">The waiter.</param>
    /// <returns>False when it was taken out by whoever ended the wait: then it has what it waited for.</returns>
    bool TryRemove(StorageWaiter waiter);
}
