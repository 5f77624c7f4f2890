using System.Globalization;
using Sluice.Methods;

namespace Sluice;

/// <summary>Puts results into words: the judge's own when a callback judged, the runtime's otherwise.</summary>
public static class AioReport
{
    /// <summary>Why an I/O ended as it did, in one line.</summary>
    /// <param name="result">The result.</param>
    /// <param name="target">What the I/O was about.</param>
    public static unsafe string Explain(AioResult result, AioTargetData target)
    {
        ref readonly AioRegistry.CallbackEntry judge = ref AioRegistry.CallbackEntryOf(result.Judge.Value);
        if (result.Judge != default && judge.Report != null) return judge.Report(result, target);
        string reason = result.Status switch
        {
            AioStatus.Error when result.Detail == RuntimeErrors.CallbackThrew => "a completion callback threw; see AioContext.Fault",
            AioStatus.Error when result.Detail == RuntimeErrors.MethodFailed => "the io_method failed; see the system's state",
            AioStatus.Error => Errno.Describe((int)result.Detail),
            AioStatus.Partial => string.Create(CultureInfo.InvariantCulture, $"only the first {result.Value} bytes were transferred"),
            AioStatus.Warning => "done, with a warning",
            AioStatus.Ok => "done",
            _ => "not completed",
        };
        if (result.IsFlushFailure) reason += "; the data may be lost and the file is poisoned: reopen it and recover";
        if (result.IsOutcomeUnknown) reason += "; whether it took effect is unknown";
        return reason;
    }

    /// <summary>What was tried, in one line: <c>read 8192 bytes at offset 0 of /data/file</c>.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <param name="description">Of what.</param>
    public static string Attempt(IoOperation operation, long offsetBytes, long lengthBytes, string description)
    {
        string verb = operation switch
        {
            IoOperation.Read => "read",
            IoOperation.Write => "write",
            IoOperation.Fsync => "fsync",
            IoOperation.Fdatasync => "fdatasync",
            IoOperation.FlushRange => "start writing back",
            IoOperation.Allocate => "reserve",
            _ => "do nothing with",
        };
        return operation is IoOperation.Fsync or IoOperation.Fdatasync or IoOperation.None
            ? $"{verb} {description}"
            : string.Create(CultureInfo.InvariantCulture, $"{verb} {lengthBytes} bytes at offset {offsetBytes} of {description}");
    }
}
