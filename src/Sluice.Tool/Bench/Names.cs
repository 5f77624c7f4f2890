using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench;

/// <summary>What scenarios, modes, methods and durable forms are called on the command line, and what they mean.</summary>
internal static class Names
{
    /// <summary>Every available io_method and .NET's own ways.</summary>
    internal const string AllMethods = "all";

    /// <summary>.NET's own asynchronous file I/O.</summary>
    internal const string RandomAccessMethod = "randomaccess";

    /// <summary>.NET's own blocking file I/O, one call after the other.</summary>
    internal const string PreadMethod = "pread";

    /// <summary>The method of the scenario of that name.</summary>
    internal const string NullMethod = "null";

    /// <summary>The method whose disk is in memory and whose clock is its own.</summary>
    internal const string SimulatedMethod = "simulated";

    private static readonly (Scenario Scenario, string Name, string Meaning)[] s_scenarios =
    [
        (Scenario.RandomRead, "randread", "Reads of one block at random places: a database that looks up rows."),
        (Scenario.SequentialRead, "seqread", "Reads one block after the other: a scan, a backup."),
        (Scenario.RandomWrite, "randwrite", "Writes of one block at random places: a database that writes back changed pages."),
        (Scenario.LogWrite, "logwrite", "Durable writes one after the other into space that was written before: a write-ahead log."),
        (Scenario.Null, "null", "No I/O at all: what the runtime itself costs for one I/O from acquire to reuse."),
        (Scenario.Scan, "scan", "A relation page by page through the buffer pool and its read stream, checksums verified: a table scan."),
        (Scenario.Bitmap, "bitmap", "Every k-th page of a relation through a read stream: a bitmap scan."),
        (Scenario.Checkpoint, "checkpoint", "Dirty pages of the pool written and synced: a checkpoint at full speed."),
        (Scenario.Extend, "extend", "New pages at the end of a relation, through the pool: an insert."),
        (Scenario.BulkWrite, "bulkwrite", "A relation written past the pool, made durable at the end: a load, an index build."),
        (Scenario.Spill, "spill", "A hash join of four times its memory: a query that has to use temporary files."),
    ];

    private static readonly (Mode Mode, string Name)[] s_modes = [(Mode.Blocking, "blocking"), (Mode.Await, "await"), (Mode.Loop, "loop")];

    private static readonly (DurableWriteForm Form, string Name)[] s_forms =
    [
        (DurableWriteForm.WriteThrough, "writethrough"),
        (DurableWriteForm.LinkedFlush, "linked"),
        (DurableWriteForm.WriteThenFlush, "separate"),
        (DurableWriteForm.FileWriteThrough, "osync"),
    ];

    /// <summary>The names of all scenarios, for messages.</summary>
    internal static string Scenarios => string.Join(", ", s_scenarios.Select(static entry => entry.Name));

    /// <summary>The names of those that need a relation.</summary>
    internal static string StorageScenarios =>
        string.Join(", ", s_scenarios.Where(static entry => IsStorage(entry.Scenario)).Select(static entry => entry.Name));

    /// <summary>Whether it works on a relation rather than on a plain file.</summary>
    internal static bool IsStorage(Scenario scenario) => scenario >= Scenario.Scan;

    internal static string Of(Scenario scenario) => s_scenarios.First(entry => entry.Scenario == scenario).Name;

    internal static string MeaningOf(Scenario scenario) => s_scenarios.First(entry => entry.Scenario == scenario).Meaning;

    internal static string Of(Mode mode) => s_modes.First(entry => entry.Mode == mode).Name;

    internal static string Of(DurableWriteForm form) => s_forms.First(entry => entry.Form == form).Name;

    internal static Scenario ParseScenario(string text) =>
        Find(s_scenarios, static entry => entry.Name, text, "scenario").Scenario;

    internal static Mode ParseMode(string text) => Find(s_modes, static entry => entry.Name, text, "--mode").Mode;

    internal static DurableWriteForm ParseForm(string text) => Find(s_forms, static entry => entry.Name, text, "--durable").Form;

    private static T Find<T>(T[] entries, Func<T, string> name, string text, string what)
    {
        foreach (T entry in entries)
        {
            if (name(entry) == text) return entry;
        }

        throw new UsageException($"{what} '{text}' is not known; known: {string.Join(", ", entries.Select(name))}.");
    }
}
