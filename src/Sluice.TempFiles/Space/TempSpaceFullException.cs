namespace Sluice.TempFiles;

/// <summary>
/// Temporary data found no room: the quota was reached or the disk is full. The message is one line: what, where, and what to do.
/// </summary>
public sealed class TempSpaceFullException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">What the system said; null when the quota was reached.</param>
    public TempSpaceFullException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
