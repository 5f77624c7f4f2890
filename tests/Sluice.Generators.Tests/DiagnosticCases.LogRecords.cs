namespace Sluice.Generators.Tests;

/// <content>The log records' part.</content>
internal static partial class DiagnosticCases
{
    private const string GoodRedo = "static void Redo(in Sluice.Wal.LogRecord record, object state) { }";

    private const string Forms =
        "'static void Redo(in LogRecord record, TState state)', 'static ValueTask RedoAsync(LogRecord record, TState state)' or "
        + "'static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload)'";

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
        new("AIO042", "a replay of pages whose page cannot be changed",
            $"[LogRecord(1, \"r\")] public static partial class R {{ {GoodRedo} static void [|RedoPage|](int index, System.ReadOnlySpan<byte> page, System.ReadOnlySpan<byte> payload) {{ }} }}",
            $"'static void RedoPage(int index, ReadOnlySpan<byte> page, ReadOnlySpan<byte> payload)' is not called: declare it as {Forms}"),
        new("AIO043", "one number, two kinds",
            $"[LogRecord(7, \"a\")] public static partial class A {{ {GoodRedo} }} [LogRecord([|7|], \"b\")] public static partial "
                + $"class B {{ {GoodRedo} }}",
            "The kind 0007 is that of 'A' already; give each kind of log record a number of its own"),
        new("AIO044", "numbers out of range",
            $"[LogRecord([|-1|], \"a\")] public static partial class A {{ {GoodRedo} }} [LogRecord([|65280|], \"b\")] public static "
                + $"partial class B {{ {GoodRedo} }}",
            "The kind of 'A' is -1; give a number from 0 to 65279 (0xFEFF), for the others are the log's own",
            "The kind of 'B' is 65280; give a number from 0 to 65279 (0xFEFF), for the others are the log's own"),
        new("AIO045", "a record about pages with another's number",
            "[LogRecord([|0x7FFF|], \"a\")] public static partial class A { static void RedoPage(int index, System.Span<byte> page, System.ReadOnlySpan<byte> payload) { } }",
            "'A' replays pages, and its kind is 32767; give a number from 32768 (0x8000) to 65279 (0xFEFF), for the log of pages tells its records by them"),
    ];
}
