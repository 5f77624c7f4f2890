namespace Sluice.Tool.Infrastructure;

/// <summary>The command was asked for rightly and could not be done: exit code 1. The message is one line.</summary>
internal sealed class FailureException(string message) : Exception(message);
