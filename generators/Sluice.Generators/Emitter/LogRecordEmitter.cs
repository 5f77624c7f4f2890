using System.Globalization;
using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the other part of a <c>[LogRecord]</c> class, and the class by which a host adds all kinds of an assembly.</summary>
internal static class LogRecordEmitter
{
    private const string Record = "global::Sluice.Wal.LogRecord";
    private const string Interface = "global::Sluice.Wal.ILogRecordDispatch";
    private const string Task = "global::System.Threading.Tasks.ValueTask";

    public static SourceText Emit(LogRecordModel record)
    {
        CodeWriter writer = SourceFile.Begin();
        int depth = SourceFile.OpenType(writer, record.Type);
        if (!record.IsStub)
        {
            string kind = "0x" + record.Kind.ToString("X4", CultureInfo.InvariantCulture);
            writer.Line("/// <summary>The number of this kind of record, to add one with.</summary>");
            writer.Line(SourceFile.GeneratedCode);
            writer.Line($"public const ushort {Names.RecordKind} = {kind};");
            writer.Line();
            EmitDispatch(writer, record);
        }

        SourceFile.Close(writer, depth);
        return writer.ToSourceText();
    }

    /// <summary>Prints the class that adds the kinds; entries come sorted.</summary>
    public static SourceText EmitModule(string fullName, IEnumerable<ModuleEntry> records)
    {
        int lastDot = fullName.LastIndexOf('.');
        CodeWriter writer = SourceFile.Begin();
        if (lastDot > 0)
        {
            writer.Open($"namespace {Text.EscapeDotted(fullName.Substring(0, lastDot))}");
        }

        writer.Line("/// <summary>The kinds of log record of this assembly.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"public static class {Text.Escape(fullName.Substring(lastDot + 1))}");
        writer.Line("/// <summary>Adds every kind to a registry.</summary>");
        writer.Line("/// <param name=\"registry\">The registry.</param>");
        writer.Open("public static void AddTo(global::Sluice.Wal.LogRecordRegistry registry)");
        foreach (ModuleEntry entry in records)
        {
            writer.Line($"registry.Add<{entry.Reference}>();");
        }

        writer.Close();
        writer.Close();
        if (lastDot > 0)
        {
            writer.Close();
        }

        return writer.ToSourceText();
    }

    /// <summary>The name of that class: beside the assembly's module, and named as it is.</summary>
    public static string ModuleName(ModuleOptions options)
    {
        const string Suffix = "AioModule";
        string name = options.FullName.TrimEnd('_');
        return (name.EndsWith(Suffix, StringComparison.Ordinal) ? name.Substring(0, name.Length - Suffix.Length) : name) + "LogRecords";
    }

    private static void EmitDispatch(CodeWriter writer, LogRecordModel record)
    {
        string self = record.Type.Reference;
        writer.Line("/// <summary>Where a registry takes the addresses of this kind's methods from.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Never)]");
        writer.Open($"internal readonly struct {Names.RecordDispatch} : {Interface}");
        writer.Line($"static ushort {Interface}.RecordKind => {self}.{Names.RecordKind};");
        writer.Line();
        writer.Line($"static string {Interface}.RecordName => {Text.Literal(record.Name)};");
        writer.Line();
        string[] parameters = [$"{Record} record", "object state"];
        if (record.IsAsync)
        {
            SourceFile.WriteExpressionMethod(
                writer, $"static {Task} {Interface}.Redo", parameters, $"{self}.{Names.RedoAsync}(record, ({record.State})state)");
        }
        else
        {
            SourceFile.OpenMethod(writer, $"static {Task} {Interface}.Redo", parameters);
            writer.Line($"{self}.{Names.Redo}(in record, ({record.State})state);");
            writer.Line("return default;");
            writer.Close();
        }

        writer.Line();
        SourceFile.WriteExpressionMethod(
            writer,
            $"static string {Interface}.Describe",
            [$"{Record} record"],
            record.Describes ? $"{self}.{Names.Describe}(in record)" : "\"\"");
        writer.Close();
    }
}
