namespace Sluice.Methods;

/// <summary>The completion of one request, as a method reports it.</summary>
/// <param name="Token">The request's <see cref="IoRequest.Token"/> as it was at submission.</param>
/// <param name="Result">Bytes transferred, or 0 for operations without a length, or a negative errno.</param>
/// <param name="Detail">What the number alone does not say.</param>
public readonly record struct IoCompletion(ulong Token, int Result, IoOutcomeDetail Detail = IoOutcomeDetail.None)
{
    /// <summary>Makes a completion from an outcome.</summary>
    /// <param name="token">The request's token.</param>
    /// <param name="outcome">What became of it.</param>
    public IoCompletion(ulong token, IoOutcome outcome)
        : this(token, outcome.Result, outcome.Detail)
    {
    }
}
