namespace Sluice.Methods.Tests.Support;

/// <summary>
/// Offers requests to a context as the runtime does: first to be executed at once, and what was not, to be submitted together.
/// </summary>
internal static class Offering
{
    [ThreadStatic]
    private static IoRequest[]? t_staged;

    internal static int Offer(this IoMethodContext context, IoCompletionSink sink, ReadOnlySpan<IoRequest> requests)
    {
        IoRequest[] staged = t_staged ??= new IoRequest[1024];
        int count = 0;
        foreach (IoRequest request in requests)
        {
            ulong token = request.Token;
            if (context.TryExecuteAtOnce(request, out IoOutcome outcome)) sink.Complete([new IoCompletion(token, outcome)]);
            else staged[count++] = request;
        }

        return requests.Length - count + (count > 0 ? context.Submit(staged.AsSpan(0, count), waitFollows: false) : 0);
    }
}
