namespace Sluice.Generators.Tests;

/// <content>The log records' part.</content>
internal static partial class DiagnosticCases
{
    private const string GoodRedo = "static void Redo(in Sluice.Wal.LogRecord record, object state) { }";

    private const string Forms =
        "'static void Redo(in LogRecord record, TState state)' or 'static ValueTask RedoAsync(LogRecord record, TState state)'";

    private static IEnumerable<DiagnosticCase> LogRecords =>
    [
        new("AIO001", "a log record that is not partial",
            $"[LogRecord(1, \"r\")] public static class [|R|] {{ {GoodRedo} }}",
            "The log record 'R' must be declared partial, so that its other part can be generated"),
        new("AIO041", "no method replays",
            "[LogRecord(1, \"r\")] public static partial class [|R|] { static void Replay() { } }",
            $"The log record 'R' must declare one method that replays it: {Forms}"),
        new("AIO042", "methods that are not called",
            $"[LogRecord(1, \"r\")] public static partial class R {{ {GoodRedo} static int [|RedoAsync|](int x) => x; }}",
            $"'static int RedoAsync(int x)' is not called: declare it as {Forms}"),
        new("AIO043", "one number, two kinds",
            $"[LogRecord(7, \"a\")] public static partial class A {{ {GoodRedo} }} [LogRecord([|7|], \"b\")] public static partial "
                + $"class B {{ {GoodRedo} }}",
            "The kind 0007 is that of 'A' already; give each kind of log record a number of its own"),
        new("AIO044", "numbers out of range",
            $"[LogRecord([|-1|], \"a\")] public static partial class A {{ {GoodRedo} }} [LogRecord([|65280|], \"b\")] public static "
                + $"partial class B {{ {GoodRedo} }}",
            "The kind of 'A' is -1; give a number from 0 to 65279 (0xFEFF), for the others are the log's own",
            "The kind of 'B' is 65280; give a number from 0 to 65279 (0xFEFF), for the others are the log's own"),
    ];
}
