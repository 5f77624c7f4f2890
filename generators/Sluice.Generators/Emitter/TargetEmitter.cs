using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the other part of an <c>[AioTarget]</c> struct.</summary>
internal static class TargetEmitter
{
    private const string Handle = "global::Sluice.AioHandle";
    private const string File = "global::Sluice.IoFile";
    private const string Vector = "global::Sluice.Methods.IoVector";
    private const string Vectors = "global::System.ReadOnlySpan<global::Sluice.Methods.IoVector>";
    private const string Durability = "global::Sluice.AioDurability";

    public static SourceText Emit(TargetModel target)
    {
        CodeWriter writer = SourceFile.Begin();
        string interfaceName = $"global::Sluice.IAioTarget<{target.Type.Reference}>";
        int depth = SourceFile.OpenType(writer, target.Type, target.IsStub ? "" : $" : {interfaceName}");
        EmitTargetId(writer, target);
        if (!target.IsStub)
        {
            EmitIdentity(writer, target, interfaceName);
        }

        EmitStarts(writer, target);
        EmitAttach(writer, target);
        SourceFile.Close(writer, depth);
        return writer.ToSourceText();
    }

    private static void EmitTargetId(CodeWriter writer, TargetModel target)
    {
        if (target.TakenMembers.Contains(Names.TargetId))
        {
            return;
        }

        string value = target.IsStub ? "default" : $"global::Sluice.AioRegistry.TargetId<{target.Type.Reference}>()";
        writer.Line("/// <summary>The id of this kind of target in this process; 0 until the module that holds it is registered.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"public static global::Sluice.AioTargetId {Names.TargetId} => {value};");
        writer.Line();
    }

    private static void EmitIdentity(CodeWriter writer, TargetModel target, string interfaceName)
    {
        string self = target.Type.Reference;
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"static string {interfaceName}.TargetName => {Text.Literal(target.Name)};");
        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"static bool {interfaceName}.CanReopen => {(target.CanReopen ? "true" : "false")};");
        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"static string {interfaceName}.Describe(in {self} target) =>");
        writer.Indent();
        writer.Line(target.HasDescribe ? "Describe(in target);" : DescribeFields(target));
        writer.Unindent();
        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"static {File} {interfaceName}.Reopen(in {self} target, global::Sluice.IoFileSystem fileSystem) =>");
        writer.Indent();
        string refusal = target.CanReopen ? "declares no Reopen" : "says CanReopen = false";
        string message = Text.Literal($"The target \"{target.Name}\" ({target.Type.FullName}) cannot open its file again: it {refusal}.");
        writer.Line(target.CanReopen && target.HasReopen
            ? "Reopen(in target, fileSystem);"
            : $"throw new global::System.NotSupportedException({message});");
        writer.Unindent();
        writer.Line();
    }

    /// <summary>A description in one expression: <c>name(Field=value, …)</c>.</summary>
    private static string DescribeFields(TargetModel target)
    {
        if (target.DescribedMembers.Count == 0)
        {
            return $"{Text.Literal(target.Name)};";
        }

        IEnumerable<string> members = target.DescribedMembers.Select(
            static member => $"{Text.InterpolatedPart(member)}={{target.{Text.Escape(member)}}}");
        string text = $"$\"{Text.InterpolatedPart(target.Name)}({string.Join(", ", members)})\"";
        return $"string.Create(global::System.Globalization.CultureInfo.InvariantCulture, {text});";
    }

    private static void EmitStarts(CodeWriter writer, TargetModel target)
    {
        StartMethod read = new(
            "StartRead", "Starts a read of this target into the handle's vectors.",
            [(File, "Sluice.IoFile", "file", "The file to read."), (OffsetType, OffsetType, "offsetBytes", "Where to begin, in bytes.")], "");
        StartMethod write = new(
            "StartWrite", "Starts a write of this target from the handle's vectors.",
            [(File, "Sluice.IoFile", "file", "The file to write."), (OffsetType, OffsetType, "offsetBytes", "Where to begin, in bytes.")],
            $"{Durability} durability = {Durability}.None");
        EmitWithVectors(writer, target, read);
        EmitWithVectors(writer, target, write);
        EmitStart(writer, target, new StartMethod(
            "StartFsync", "Starts making the file's data and metadata durable.", [(File, "Sluice.IoFile", "file", "The file to flush.")], ""));
        EmitStart(writer, target, new StartMethod(
            "StartFdatasync", "Starts making the file's data durable, and of its metadata what is needed to read it back.",
            [(File, "Sluice.IoFile", "file", "The file to flush.")], ""));
        EmitStart(writer, target, new StartMethod(
            "StartFlushRange", "Starts writing a range back to the device: a hint, never durability.", Range("flush"), ""));
        EmitStart(writer, target, new StartMethod(
            "StartAllocate", "Starts allocating room for a range of the file.", Range("allocate"), ""));
    }

    private const string OffsetType = "long";

    private static (string Type, string Plain, string Name, string Doc)[] Range(string verb) =>
    [
        (File, "Sluice.IoFile", "file", $"The file to {verb}."),
        (OffsetType, OffsetType, "offsetBytes", "Where the range begins, in bytes."),
        (OffsetType, OffsetType, "lengthBytes", "How long the range is, in bytes."),
    ];

    private static void EmitWithVectors(CodeWriter writer, TargetModel target, StartMethod method)
    {
        EmitStart(writer, target, method);
        EmitStart(writer, target, method with
        {
            Summary = method.Summary.Replace("the handle's vectors", "one piece of memory"),
            Parameters = [.. method.Parameters, (Vector, "Sluice.Methods.IoVector", "vector", "The memory; it stays where it is until the I/O has completed.")],
            Setup = "handle.SetVector(vector);",
        });
        EmitStart(writer, target, method with
        {
            Summary = method.Summary.Replace("the handle's vectors", "several pieces of memory"),
            Parameters =
            [
                .. method.Parameters,
                (Vectors, "System.ReadOnlySpan<Sluice.Methods.IoVector>", "vectors", "The memory, which stays where it is until the I/O has completed; the span itself is copied."),
            ],
            Setup = "handle.SetVectors(vectors);",
        });
    }

    private static void EmitStart(CodeWriter writer, TargetModel target, StartMethod method)
    {
        List<string> plainTypes = ["Sluice.AioHandle", .. method.Parameters.Select(static parameter => parameter.Plain)];
        if (method.Durability.Length > 0)
        {
            plainTypes.Add("Sluice.AioDurability");
        }

        if (target.TakenMembers.Contains(method.Name) || target.TakenMembers.Contains($"{method.Name}({string.Join(",", plainTypes)})"))
        {
            return;
        }

        string parameters = string.Join(", ", method.Parameters.Select(static parameter => $"{parameter.Type} {parameter.Name}"));
        string durability = method.Durability.Length > 0 ? $", {method.Durability}" : "";
        writer.Line($"/// <summary>{method.Summary} The handle may already be reused when it returns.</summary>");
        writer.Line("/// <param name=\"handle\">The handle that was acquired for this I/O.</param>");
        foreach ((_, _, string name, string doc) in method.Parameters)
        {
            writer.Line($"/// <param name=\"{name}\">{doc}</param>");
        }

        if (method.Durability.Length > 0)
        {
            writer.Line("/// <param name=\"durability\">What must be durable when the write completes.</param>");
        }

        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"public readonly void {method.Name}({Handle} handle, {parameters}{durability})");
        EmitBody(writer, target, method);
        writer.Close();
        writer.Line();
    }

    private static void EmitBody(CodeWriter writer, TargetModel target, StartMethod method)
    {
        if (target.IsStub)
        {
            writer.Line(StubBody(target));
            return;
        }

        if (target.TakenMembers.Contains(Names.AttachTo))
        {
            EmitAttachStatements(writer, target);
        }
        else
        {
            writer.Line($"{Names.AttachTo}(handle);");
        }

        if (method.Setup.Length > 0)
        {
            writer.Line(method.Setup);
        }

        // The vectors are in the handle by now; what is left is what the handle's own method takes.
        IEnumerable<string> arguments = method.Parameters
            .Where(static parameter => parameter.Name is not ("vector" or "vectors")).Select(static parameter => parameter.Name);
        string durability = method.Durability.Length > 0 ? ", durability" : "";
        writer.Line($"handle.{method.Name}({string.Join(", ", arguments)}{durability});");
    }

    private static string StubBody(TargetModel target)
    {
        string message = Text.Literal($"{target.Type.FullName} cannot be a target; the compiler's errors say why.");
        return $"throw new global::System.NotSupportedException({message});";
    }

    private static void EmitAttach(CodeWriter writer, TargetModel target)
    {
        if (target.IsStub || target.TakenMembers.Contains(Names.AttachTo))
        {
            return;
        }

        writer.Line(SourceFile.GeneratedCode);
        writer.Line(SourceFile.AggressiveInlining);
        writer.Open($"private readonly void {Names.AttachTo}({Handle} handle)");
        EmitAttachStatements(writer, target);
        writer.Close();
    }

    private static void EmitAttachStatements(CodeWriter writer, TargetModel target)
    {
        writer.Line("handle.SetTarget(in this);");
        foreach (string callback in target.Callbacks)
        {
            writer.Line($"handle.RegisterCallback({callback}.{Names.CallbackId}, 0);");
        }
    }

    /// <summary>One start method: the parameters after the handle, each as type in code, as plain type, name and documentation.</summary>
    private sealed record StartMethod(
        string Name, string Summary, (string Type, string Plain, string Name, string Doc)[] Parameters, string Durability, string Setup = "");
}
