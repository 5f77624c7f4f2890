namespace Sluice.Tool.Infrastructure;

/// <summary>
/// The command was asked for wrongly: exit code 2. The message is one line that says what is wrong and what would be right.
/// </summary>
internal sealed class UsageException(string message) : Exception(message);
