using Sluice.Methods;

namespace NullMethod;

/// <summary>
/// The state for one issuer: where completions go, and one array to hand them over in, so that nothing is allocated per I/O.
/// </summary>
public sealed class NullIoMethodContext : IoMethodContext
{
    // A batch is never larger than this, whatever the number of handles.
    private const int BatchMax = 32;

    private readonly IoCompletionSink _sink;
    private readonly IoCompletion[] _completions = new IoCompletion[BatchMax];

    internal NullIoMethodContext(IoMethodContextOptions options) => _sink = options.Sink;

    /// <summary>
    /// Completes the whole batch with one call of the sink. Submit is never called twice at once, so one array is enough.
    /// </summary>
    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        IoCompletion[] completions = _completions;
        for (int index = 0; index < batch.Length; index++)
        {
            IoRequest request = batch[index];

            // Reads and writes report that all bytes were transferred, everything else reports 0.
            int result = request.Operation is IoOperation.Read or IoOperation.Write ? (int)request.LengthBytes : 0;
            completions[index] = new IoCompletion(request.Token, result);
        }

        // From here on the requests are the runtime's again: it may already use them for the next I/O.
        _sink.Complete(completions.AsSpan(0, batch.Length));
        return batch.Length;
    }

    /// <summary>There is nothing to release.</summary>
    public override void Dispose()
    {
    }
}
