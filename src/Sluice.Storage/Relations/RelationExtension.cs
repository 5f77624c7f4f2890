namespace Sluice.Storage;

/// <summary>The right to make a fork longer, while it is held. Disposed once.</summary>
public readonly struct RelationExtension : IDisposable
{
    private readonly SemaphoreSlim? _semaphore;

    internal RelationExtension(SemaphoreSlim semaphore) => _semaphore = semaphore;

    /// <summary>Gives the right to the next.</summary>
    public void Dispose() => _semaphore?.Release();
}
