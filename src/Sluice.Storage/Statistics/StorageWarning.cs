namespace Sluice.Storage;

/// <summary>Something a person should know that did not make an operation fail.</summary>
/// <param name="Message">One line.</param>
/// <param name="Origin">Who noticed: the session's name; empty for whoever completed an I/O.</param>
public sealed record StorageWarning(string Message, string Origin);
