namespace Sluice.Storage;

/// <summary>
/// Something about stored data is wrong, and it is not a failed I/O (<see cref="AioException"/>). One clear line that says what
/// to do.
/// </summary>
/// <param name="message">The line.</param>
/// <param name="innerException">What led to it; null for nothing.</param>
public class StorageException(string message, Exception? innerException = null) : Exception(message, innerException);
