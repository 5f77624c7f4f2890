namespace Sluice;

/// <summary>Something that a host's programmer should know: a handle that was left behind, a callback that threw.</summary>
/// <param name="Message">One line.</param>
/// <param name="ContextName">The context it happened in; empty when in none.</param>
/// <param name="Exception">What was thrown, if anything.</param>
public sealed record AioWarning(string Message, string ContextName, Exception? Exception = null);
