using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the other part of an <c>[AioCallback]</c> class.</summary>
internal static class CallbackEmitter
{
    private const string Handle = "global::Sluice.AioHandle";
    private const string Result = "global::Sluice.AioResult";
    private const string Phases = "global::Sluice.AioCallbackPhases";
    private const string Interface = "global::Sluice.IAioCallbackDispatch";

    public static SourceText Emit(CallbackModel callback)
    {
        CodeWriter writer = SourceFile.Begin();
        int depth = SourceFile.OpenType(writer, callback.Type);
        if (!callback.TakenMembers.Contains(Names.CallbackId))
        {
            string dispatch = $"{callback.Type.Reference}.{Names.Dispatch}";
            string value = callback.IsStub ? "default" : $"global::Sluice.AioRegistry.CallbackId<{dispatch}>()";
            writer.Line("/// <summary>The id of this callback in this process; 0 until the module that holds it is registered.</summary>");
            writer.Line(SourceFile.GeneratedCode);
            writer.Line($"public static global::Sluice.AioCallbackId {Names.CallbackId} => {value};");
        }

        if (!callback.IsStub)
        {
            writer.Line();
            EmitDispatch(writer, callback);
        }

        SourceFile.Close(writer, depth);
        return writer.ToSourceText();
    }

    private static void EmitDispatch(CodeWriter writer, CallbackModel callback)
    {
        string self = callback.Type.Reference;
        writer.Line("/// <summary>Where the runtime takes the addresses of this callback's methods from.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Never)]");
        writer.Open($"internal readonly struct {Names.Dispatch} : {Interface}");
        writer.Line($"static string {Interface}.CallbackName => {Text.Literal(callback.Name)};");
        writer.Line();
        writer.Line($"static {Phases} {Interface}.Phases => {PhasesOf(callback.Phases)};");
        writer.Line();
        string[] completion = [$"{Handle} handle", $"{Result} prior", "byte data"];
        EmitMethod(
            writer, $"static void {Interface}.Stage", [$"{Handle} handle", "byte data"],
            callback.Phases.HasFlag(CallbackPhases.Stage) ? $"{self}.Stage(handle, data)" : null);
        writer.Line();
        EmitMethod(
            writer, $"static {Result} {Interface}.CompleteShared", completion,
            callback.Phases.HasFlag(CallbackPhases.CompleteShared) ? $"{self}.CompleteShared(handle, prior, data)" : "prior");
        writer.Line();
        EmitMethod(
            writer, $"static {Result} {Interface}.CompleteLocal", completion,
            callback.Phases.HasFlag(CallbackPhases.CompleteLocal) ? $"{self}.CompleteLocal(handle, prior, data)" : "prior");
        writer.Line();
        EmitMethod(
            writer, $"static string {Interface}.Report", [$"{Result} result", "global::Sluice.AioTargetData target"],
            callback.Phases.HasFlag(CallbackPhases.Report) ? $"{self}.Report(result, target)" : "\"\"");
        writer.Close();
    }

    private static void EmitMethod(CodeWriter writer, string name, IReadOnlyList<string> parameters, string? expression)
    {
        writer.Line(SourceFile.AggressiveInlining);
        if (expression is not null)
        {
            SourceFile.WriteExpressionMethod(writer, name, parameters, expression);
            return;
        }

        SourceFile.OpenMethod(writer, name, parameters);
        writer.Close();
    }

    private static string PhasesOf(CallbackPhases phases)
    {
        List<string> names = [];
        CallbackPhases[] all = [CallbackPhases.Stage, CallbackPhases.CompleteShared, CallbackPhases.CompleteLocal, CallbackPhases.Report];
        foreach (CallbackPhases phase in all)
        {
            if (phases.HasFlag(phase))
            {
                names.Add($"{Phases}.{phase}");
            }
        }

        return names.Count == 0 ? $"{Phases}.None" : string.Join(" | ", names);
    }
}
