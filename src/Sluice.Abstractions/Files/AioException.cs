namespace Sluice;

/// <summary>An I/O or a file operation failed. The message is one line: what was tried on what, and why it failed.</summary>
public class AioException : IOException
{
    /// <summary>Makes the exception for an error of the operating system.</summary>
    /// <param name="attempt">What was tried on what: <c>read 8192 bytes at offset 0 of /data/file</c>.</param>
    /// <param name="errno">The error number; positive; 0 when it was no error of the system.</param>
    /// <param name="reason">Why it failed, when there is more to say than the error number does.</param>
    public AioException(string attempt, int errno, string? reason = null)
        : base($"Cannot {attempt}: {reason ?? (errno == 0 ? "it did not complete" : Sluice.Errno.Describe(errno))}.")
    {
        Attempt = attempt;
        Errno = errno;
    }

    /// <summary>Makes the exception for a handle's result.</summary>
    /// <param name="attempt">What was tried on what.</param>
    /// <param name="result">The result.</param>
    /// <param name="reason">Why it failed, in the words of the callback that judged it.</param>
    public AioException(string attempt, AioResult result, string reason)
        : base($"Cannot {attempt}: {reason}.")
    {
        Attempt = attempt;
        Result = result;
        Errno = result.Errno;
    }

    /// <summary>What was tried on what.</summary>
    public string Attempt { get; }

    /// <summary>The error number of the system; 0 when there is none.</summary>
    public int Errno { get; }

    /// <summary>The result of the I/O; default for an operation that is no I/O of a handle.</summary>
    public AioResult Result { get; }

    /// <summary>The name of the error number, such as <c>ENOSPC</c>; null when there is none.</summary>
    public string? ErrnoName => Errno == 0 ? null : Sluice.Errno.Name(Errno);
}
