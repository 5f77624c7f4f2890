using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Reflection;

namespace Sluice.Tool;

/// <summary>The tree of verbs and what is wrong with a command line.</summary>
internal static class CommandLine
{
    private const string Description = """
        Sluice: asynchronous I/O for programs that own their storage.
        Measures what it buys on this machine, and copies files with it.
        """;

    private const string CommandNamespace = "Sluice.Tool.Commands";
    private const string CommandSuffix = "Command";

    /// <summary>File names may begin with @: no response files.</summary>
    internal static ParserConfiguration ParserConfiguration { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>
    /// Makes the root with its verbs: the static classes <c>XxxCommand</c> in the namespace <c>Sluice.Tool.Commands</c>, each with a
    /// static method <c>Create</c>. A verb is added by adding its file.
    /// </summary>
    /// <param name="verb">The first word of the command line. If it is a verb only that is made: the others cost milliseconds.</param>
    internal static Command Build(string? verb = null)
    {
        // Not a RootCommand: that is named after the file that is run.
        Command root = new("sluice", Description) { new HelpOption(), new VersionOption() };
        if (Find(verb) is { } create)
        {
            root.Subcommands.Add(Make(create));
            return root;
        }

        IEnumerable<Command> commands = typeof(CommandLine).Assembly.GetTypes()
            .Where(static type => type is { IsClass: true, IsAbstract: true, IsSealed: true, Namespace: CommandNamespace })
            .Where(static type => type.Name.EndsWith(CommandSuffix, StringComparison.Ordinal))
            .Select(FindCreate)
            .OfType<MethodInfo>()
            .Select(Make)
            .OrderBy(static command => command.Name, StringComparer.Ordinal);
        foreach (Command command in commands) root.Subcommands.Add(command);
        root.SetAction(parsed => root.Parse(["--help"], ParserConfiguration).Invoke(parsed.InvocationConfiguration));
        return root;
    }

    // A word with a capital letter, or none at all, is no verb.
    private static MethodInfo? Find(string? verb) =>
        verb is { Length: > 0 } && verb.All(char.IsAsciiLetterLower)
        && typeof(CommandLine).Assembly.GetType(TypeNameOf(verb)) is { } type
            ? FindCreate(type)
            : null;

    private static string TypeNameOf(string verb) => $"{CommandNamespace}.{char.ToUpperInvariant(verb[0])}{verb[1..]}{CommandSuffix}";

    private static MethodInfo? FindCreate(Type type) =>
        type.GetMethod("Create", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public, []);

    private static Command Make(MethodInfo create) => (Command)create.Invoke(null, null)!;

    /// <returns>Null, or one line.</returns>
    internal static string? FindMistake(Command root, ParseResult parsed)
    {
        if (parsed.Errors.Count == 0) return null;
        Command command = parsed.CommandResult.Command;
        string? unknown = parsed.UnmatchedTokens.Count == 0 ? null : parsed.UnmatchedTokens[0];
        if (ReferenceEquals(command, root))
        {
            string verbs = string.Join(", ", root.Subcommands.Select(static known => known.Name));
            return unknown is null ? $"Name a verb. Known: {verbs}." : $"There is no verb '{unknown}'. Known: {verbs}.";
        }

        if (unknown is not null && unknown.StartsWith('-'))
        {
            string options = string.Join(", ", command.Options.Where(static option => !option.Hidden).Select(static option => option.Name));
            return $"'{command.Name}' has no option '{unknown}'. Known: {options}.";
        }

        if (unknown is not null) return $"'{command.Name}' does not take '{unknown}'; see 'sluice {command.Name} --help'.";
        List<string> missing =
        [
            .. command.Arguments
                .Where(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 })
                .Select(static argument => argument.Name),
        ];
        if (missing.Count != 0) return $"'{command.Name}' needs {string.Join(" and ", missing)}; see 'sluice {command.Name} --help'.";
        ParseError first = parsed.Errors[0];
        string line = first.Message.ReplaceLineEndings(" ").TrimEnd();
        return $"{line} See 'sluice {command.Name} --help'.";
    }
}
