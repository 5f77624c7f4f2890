using Spectre.Console;

namespace Sluice.Tool.Infrastructure;

/// <summary>Consoles for tables and progress on the writers a command was given.</summary>
internal static class ToolConsole
{
    private const int WidthWithoutTerminal = 140;

    /// <summary>Whether a writer is a terminal that people look at.</summary>
    internal static bool IsTerminal(TextWriter writer) =>
        (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected)
            || (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected);

    /// <summary>A bar for work that is counted in bytes: how much, how fast, how long yet. It goes away at the end.</summary>
    internal static Progress ByteProgressOn(TextWriter writer) => On(writer).Progress().AutoClear(true).Columns(ByteColumns());

    /// <summary>What such a bar shows.</summary>
    internal static ProgressColumn[] ByteColumns() =>
    [
        new TaskDescriptionColumn(),
        new ProgressBarColumn(),
        new PercentageColumn(),
        new ByteSpeedColumn(),
        new RemainingTimeColumn(),
    ];

    /// <summary>A console on a writer: colours on a terminal, plain text elsewhere.</summary>
    internal static IAnsiConsole On(TextWriter writer)
    {
        bool isTerminal = IsTerminal(writer);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) console.Profile.Width = WidthWithoutTerminal;
        return console;
    }
}
