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

    private static readonly Parameter[] s_range =
    [
        new("long", "offsetBytes", "Where the range begins, in bytes."),
        new("long", "lengthBytes", "How long the range is, in bytes."),
    ];

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
        writer.Line(
            "/// <summary>The id of this kind of target in this process; 0 until the module that holds it is registered.</summary>");
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
        string description = target.HasDescribe ? "Describe(in target)" : DescribeFields(target);
        SourceFile.WriteExpressionMethod(writer, $"static string {interfaceName}.Describe", [$"in {self} target"], description);
        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        string refusal = target.CanReopen ? "declares no Reopen" : "says CanReopen = false";
        string message = Text.Literal($"The target \"{target.Name}\" ({target.Type.FullName}) cannot open its file again: it {refusal}.");
        SourceFile.WriteExpressionMethod(
            writer,
            $"static {File} {interfaceName}.Reopen",
            [$"in {self} target", "global::Sluice.IoFileSystem fileSystem"],
            target.CanReopen && target.HasReopen
                ? "Reopen(in target, fileSystem)"
                : $"throw new global::System.NotSupportedException({message})");
        writer.Line();
    }

    /// <summary>A description in one expression: <c>name(Field=value, …)</c>.</summary>
    private static string DescribeFields(TargetModel target)
    {
        if (target.DescribedMembers.Count == 0)
        {
            return Text.Literal(target.Name);
        }

        IEnumerable<string> members = target.DescribedMembers.Select(
            static member => $"{Text.InterpolatedPart(member)}={{target.{Text.Escape(member)}}}");
        string text = $"$\"{Text.InterpolatedPart(target.Name)}({string.Join(", ", members)})\"";
        return $"string.Create(global::System.Globalization.CultureInfo.InvariantCulture, {text})";
    }

    private static void EmitStarts(CodeWriter writer, TargetModel target)
    {
        Parameter offset = new("long", "offsetBytes", "Where to begin, in bytes.");
        Parameter flushed = new(File, "file", "The file to flush.");
        EmitWithVectors(writer, target, new StartMethod(
            "StartRead", "Starts a read of this target into the handle's vectors.", [new(File, "file", "The file to read."), offset]));
        EmitWithVectors(writer, target, new StartMethod(
            "StartWrite", "Starts a write of this target from the handle's vectors.", [new(File, "file", "The file to write."), offset])
        {
            HasDurability = true,
        });
        EmitStart(writer, target, new StartMethod("StartFsync", "Starts making the file's data and metadata durable.", [flushed]));
        EmitStart(writer, target, new StartMethod(
            "StartFdatasync", "Starts making the file's data durable, and what is needed to read it back.", [flushed]));
        EmitStart(writer, target, new StartMethod(
            "StartFlushRange", "Starts writing a range back to the device: a hint, never durability.", [flushed, .. s_range]));
        EmitStart(writer, target, new StartMethod(
            "StartAllocate", "Starts allocating room for a range of the file.", [new(File, "file", "The file to enlarge."), .. s_range]));
    }

    private static void EmitWithVectors(CodeWriter writer, TargetModel target, StartMethod method)
    {
        EmitStart(writer, target, method);
        EmitStart(writer, target, method with
        {
            Summary = method.Summary.Replace("the handle's vectors", "one piece of memory"),
            Memory = new Parameter(Vector, "vector", "The memory; it stays where it is until the I/O has completed."),
            Setup = "handle.SetVector(vector);",
        });
        EmitStart(writer, target, method with
        {
            Summary = method.Summary.Replace("the handle's vectors", "several pieces of memory"),
            Memory = new Parameter(
                Vectors, "vectors", "The memory; it stays where it is until the I/O has completed. The span itself is copied."),
            Setup = "handle.SetVectors(vectors);",
        });
    }

    private static void EmitStart(CodeWriter writer, TargetModel target, StartMethod method)
    {
        List<Parameter> parameters = [new(Handle, "handle", "The handle that was acquired for this I/O."), .. method.Parameters];
        if (method.Memory is not null)
        {
            parameters.Add(method.Memory);
        }

        if (method.HasDurability)
        {
            parameters.Add(new Parameter(Durability, "durability", "What must be durable when the write completes.", $"{Durability}.None"));
        }

        string key = $"{method.Name}({string.Join(",", parameters.Select(static parameter => parameter.Type.Replace("global::", "")))})";
        if (target.TakenMembers.Contains(method.Name) || target.TakenMembers.Contains(key))
        {
            return;
        }

        writer.Line($"/// <summary>{method.Summary} The handle may already be reused when it returns.</summary>");
        foreach (Parameter parameter in parameters)
        {
            writer.Line($"/// <param name=\"{parameter.Name}\">{parameter.Doc}</param>");
        }

        writer.Line(SourceFile.GeneratedCode);
        SourceFile.OpenMethod(
            writer, $"public readonly void {method.Name}", [.. parameters.Select(static parameter => parameter.Declaration)]);
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

        // The memory is in the handle by now; what is left is what the handle's own method takes.
        List<string> arguments = [.. method.Parameters.Select(static parameter => parameter.Name)];
        if (method.HasDurability)
        {
            arguments.Add("durability");
        }

        writer.Line($"handle.{method.Name}({string.Join(", ", arguments)});");
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

    private sealed record Parameter(string Type, string Name, string Doc, string Default = "")
    {
        public string Declaration => Default.Length == 0 ? $"{Type} {Name}" : $"{Type} {Name} = {Default}";
    }

    /// <summary>
    /// One start method; <paramref name="Parameters"/> are those after the handle that the handle's own method takes too.
    /// </summary>
    private sealed record StartMethod(string Name, string Summary, Parameter[] Parameters)
    {
        public Parameter? Memory { get; init; }

        public string Setup { get; init; } = "";

        public bool HasDurability { get; init; }
    }
}
