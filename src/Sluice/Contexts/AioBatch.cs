namespace Sluice;

/// <summary>
/// I/Os staged and not yet handed to the method. While it is open, started I/Os wait; they are submitted when 32 are staged, when
/// it is disposed, and as soon as anybody has to wait for one of them.
/// </summary>
public readonly struct AioBatch : IDisposable
{
    private readonly AioContext? _context;

    internal AioBatch(AioContext context) => _context = context;

    /// <summary>Submits what is staged and ends the batch.</summary>
    public void Dispose() => _context?.ExitBatch();
}
