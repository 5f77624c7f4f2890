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
    private const string PageInterface = "global::Sluice.Wal.IPageRecordDispatch";
    private const string Bytes = "global::System.Span<byte>";
    private const string ConstantBytes = "global::System.ReadOnlySpan<byte>";
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
            writer.Line($"registry.{entry.Reference};");
        }

        writer.Close();
        writer.Close();
        if (lastDot > 0)
        {
            writer.Close();
        }

        return writer.ToSourceText();
    }

    /// <summary>The call by which that class adds a kind.</summary>
    public static string Addition(LogRecordModel record) => $"{(record.IsPage ? "AddPages" : "Add")}<{record.Type.Reference}.{Names.RecordDispatch}>()";

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
        string face = record.IsPage ? PageInterface : Interface;
        writer.Line("/// <summary>Where a registry takes the addresses of this kind's methods from.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Never)]");
        writer.Open($"internal readonly struct {Names.RecordDispatch} : {face}");
        writer.Line($"static ushort {face}.RecordKind => {self}.{Names.RecordKind};");
        writer.Line();
        writer.Line($"static string {face}.RecordName => {Text.Literal(record.Name)};");
        writer.Line();
        string[] parameters = record.IsPage ? ["int index", $"{Bytes} page", $"{ConstantBytes} payload"] : [$"{Record} record", "object state"];
        if (record.IsPage)
        {
            SourceFile.WriteExpressionMethod(writer, $"static void {face}.Redo", parameters, $"{self}.{Names.RedoPage}(index, page, payload)");
        }
        else if (record.IsAsync)
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
            $"static string {face}.Describe",
            [$"{Record} record"],
            record.Describes ? $"{self}.{Names.Describe}(in record)" : "\"\"");
        writer.Close();
    }
}
