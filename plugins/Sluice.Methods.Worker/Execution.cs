namespace Sluice.Methods.Worker;

/// <summary>
/// Executes requests and turns an exception of the file's into an outcome, so that it reaches the issuer and ends nothing else.
/// </summary>
internal static class Execution
{
    /// <returns>The outcome; -EIO when <see cref="IoFile.Execute"/> threw.</returns>
    internal static IoOutcome Execute(IoRequest request, out Exception? fault)
    {
        try
        {
            fault = null;
            return request.File.Execute(request);
        }
        catch (Exception exception)
        {
            // Execute does not throw for files of the operating system. Another kind of file may, and then only the I/O fails.
            fault = exception;
            return OutcomeOfFault(request);
        }
    }

    /// <summary>What to report when an execution ended with an exception. Whether a write took effect nobody can know.</summary>
    internal static IoOutcome OutcomeOfFault(IoRequest request) => new(
        -Errno.EIO,
        request.Operation is IoOperation.Write or IoOperation.Allocate ? IoOutcomeDetail.Unknown : IoOutcomeDetail.None);
}
