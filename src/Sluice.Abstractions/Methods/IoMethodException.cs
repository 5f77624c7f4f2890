namespace Sluice.Methods;

/// <summary>An io_method cannot be found, loaded or made to work. The message is one line and says what to do.</summary>
public sealed class IoMethodException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One line: what is wrong and what to do.</param>
    /// <param name="innerException">What caused it, if anything.</param>
    public IoMethodException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
