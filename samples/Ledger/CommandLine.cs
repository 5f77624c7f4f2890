using System.Globalization;
using Sluice.Methods;
using Sluice.Plugins;

namespace Ledger;

/// <summary>A command and its options, each <c>--name value</c>.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads a command line.</summary>
    /// <param name="arguments">The command, then options.</param>
    /// <param name="all">The options of each command.</param>
    /// <exception cref="LedgerException">There is no such command or option.</exception>
    internal CommandLine(string[] arguments, IReadOnlyDictionary<string, string[]> all)
    {
        string commands = string.Join(", ", all.Keys.Where(static command => command != CrashChild.Command));
        if (arguments.Length == 0) throw Refusal($"Say what to do: {commands}.");
        Command = arguments[0];
        if (!all.TryGetValue(Command, out string[]? options)) throw Refusal($"There is no command '{Command}': there are {commands}.");
        for (int at = 1; at < arguments.Length; at += 2)
        {
            string name = arguments[at].StartsWith("--", StringComparison.Ordinal) ? arguments[at][2..] : "";
            string known = string.Join(", ", options.Select(static option => $"--{option}"));
            if (!options.Contains(name)) throw Refusal($"'{Command}' has no option '{arguments[at]}': it has {known}.");
            if (at + 1 == arguments.Length) throw Refusal($"--{name} needs a value.");
            if (!_values.TryAdd(name, arguments[at + 1])) throw Refusal($"--{name} is there twice.");
        }
    }

    internal string Command { get; }

    internal string? Text(string name) => _values.GetValueOrDefault(name);

    internal int Number(string name, int otherwise, int least, int most)
    {
        if (Text(name) is not { } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most)
        {
            return value;
        }

        throw Refusal($"--{name} is '{text}': give a number from {least} to {most}.");
    }

    internal TEnum Choice<TEnum>(string name, TEnum otherwise)
        where TEnum : struct, Enum
    {
        if (Text(name) is not { } text) return otherwise;
        if (!char.IsAsciiDigit(text[0])
            && Enum.TryParse(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out TEnum value))
        {
            return value;
        }

        throw Refusal($"--{name} is '{text}': give one of {string.Join(", ", Enum.GetNames<TEnum>())}.");
    }

    /// <summary>How commits become durable; measured unless it was said.</summary>
    internal WalSyncForm SyncForm() => Choice("sync-form", WalSyncForm.Auto);

    /// <summary>The name of the io_method, which exists.</summary>
    internal string Method()
    {
        string method = Text("method") ?? IoMethodSelector.Auto;
        if (method == IoMethodSelector.Auto) return method;
        try
        {
            new IoMethodCatalog().Discover().Get(method);
            return method;
        }
        catch (IoMethodException exception)
        {
            throw Refusal(exception.Message);
        }
    }

    /// <summary>Starts the system whose io_method does all I/O.</summary>
    internal AioSystem StartSystem(int clients)
    {
        // Each client has a context; the log, the checkpointer and the system itself have some too.
        const int Others = 16;
        return AioSystem.Start(new AioSystemOptions { Method = Method(), HandlesPerContext = 64, ContextsMax = clients + Others });
    }

    /// <summary>What is asked for there is not.</summary>
    internal static LedgerException Refusal(string message) => new(message, exitCode: 2);
}
