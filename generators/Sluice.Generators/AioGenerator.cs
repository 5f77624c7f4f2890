using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Emitter;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;
using Sluice.Generators.Parser;

namespace Sluice.Generators;

/// <summary>
/// Emits the other part of each target, callback and state machine, and the module class of the assembly. This class is
/// the wiring only; the rules are in README.md beside it.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class AioGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<ParseResult<TargetModel>> targetResults =
            Results(context, Names.TargetAttribute, ofStructs: true, TargetParser.Parse);
        IncrementalValuesProvider<ParseResult<CallbackModel>> callbackResults =
            Results(context, Names.CallbackAttribute, ofStructs: false, CallbackParser.Parse);
        IncrementalValuesProvider<ParseResult<StateMachineModel>> machineResults =
            Results(context, Names.StateMachineAttribute, ofStructs: true, StateMachineParser.Parse);
        IncrementalValuesProvider<ParseResult<LogRecordModel>> recordResults =
            Results(context, Names.LogRecordAttribute, ofStructs: false, LogRecordParser.Parse);

        IncrementalValuesProvider<TargetModel> targets = Models(targetResults, TrackingNames.Targets);
        IncrementalValuesProvider<CallbackModel> callbacks = Models(callbackResults, TrackingNames.Callbacks);
        IncrementalValuesProvider<StateMachineModel> machines = Models(machineResults, TrackingNames.StateMachines);

        context.RegisterSourceOutput(
            targets, static (output, target) => output.AddSource($"{target.Type.HintName}.AioTarget.g.cs", TargetEmitter.Emit(target)));
        context.RegisterSourceOutput(
            callbacks, static (output, callback) =>
                output.AddSource($"{callback.Type.HintName}.AioCallback.g.cs", CallbackEmitter.Emit(callback)));
        context.RegisterSourceOutput(
            machines, static (output, machine) =>
                output.AddSource($"{machine.Type.HintName}.AioStateMachine.g.cs", StateMachineEmitter.Emit(machine)));

        RegisterModule(context, targets, callbacks);
        RegisterLogRecords(context, recordResults);
        RegisterDiagnostics(context, targetResults, callbackResults, machineResults);
    }

    private static IncrementalValuesProvider<ParseResult<T>> Results<T>(
        IncrementalGeneratorInitializationContext context,
        string attribute,
        bool ofStructs,
        Func<GeneratorAttributeSyntaxContext, CancellationToken, ParseResult<T>?> parse)
        where T : class =>
        context.SyntaxProvider
            .ForAttributeWithMetadataName(
                attribute,
                ofStructs
                    ? static (node, _) => node is StructDeclarationSyntax or RecordDeclarationSyntax
                    : static (node, _) => node is ClassDeclarationSyntax or RecordDeclarationSyntax,
                parse)
            .Where(static result => result is not null)!;

    private static IncrementalValuesProvider<T> Models<T>(IncrementalValuesProvider<ParseResult<T>> results, string trackingName)
        where T : class =>
        results.Where(static result => result.Model is not null).Select(static (result, _) => result.Model!).WithTrackingName(trackingName);

    private static void RegisterModule(
        IncrementalGeneratorInitializationContext context,
        IncrementalValuesProvider<TargetModel> targets,
        IncrementalValuesProvider<CallbackModel> callbacks)
    {
        IncrementalValueProvider<ModuleOptions> options = context.CompilationProvider
            .Select(static (compilation, _) => ModuleParser.ReadOptions(compilation))
            .WithTrackingName(TrackingNames.ModuleOptions);
        IncrementalValueProvider<EquatableArray<ModuleEntry>> moduleTargets = targets
            .Where(static target => !target.IsStub)
            .Select(static (target, _) => new ModuleEntry(target.Type.FullName, target.Type.Reference))
            .Collect()
            .Select(static (entries, _) => Sorted(entries))
            .WithTrackingName(TrackingNames.ModuleTargets);
        IncrementalValueProvider<EquatableArray<ModuleEntry>> moduleCallbacks = callbacks
            .Where(static callback => !callback.IsStub)
            .Select(static (callback, _) => new ModuleEntry(callback.Type.FullName, $"{callback.Type.Reference}.{Names.Dispatch}"))
            .Collect()
            .Select(static (entries, _) => Sorted(entries))
            .WithTrackingName(TrackingNames.ModuleCallbacks);

        context.RegisterSourceOutput(options.Combine(moduleTargets).Combine(moduleCallbacks), static (output, input) =>
        {
            ((ModuleOptions options, EquatableArray<ModuleEntry> targets), EquatableArray<ModuleEntry> callbacks) = input;
            if (options.IsRequested || targets.Count > 0 || callbacks.Count > 0)
            {
                output.AddSource($"{options.FullName}.AioModule.g.cs", ModuleEmitter.Emit(options, targets, callbacks));
            }
        });
    }

    private static void RegisterLogRecords(
        IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<ParseResult<LogRecordModel>> results)
    {
        IncrementalValuesProvider<LogRecordModel> records = Models(results, TrackingNames.LogRecords);
        context.RegisterSourceOutput(
            records, static (output, record) => output.AddSource($"{record.Type.HintName}.LogRecord.g.cs", LogRecordEmitter.Emit(record)));
        IncrementalValueProvider<EquatableArray<ModuleEntry>> entries = records
            .Where(static record => !record.IsStub)
            .Select(static (record, _) => new ModuleEntry(record.Type.FullName, LogRecordEmitter.Addition(record)))
            .Collect()
            .Select(static (entries, _) => Sorted(entries))
            .WithTrackingName(TrackingNames.ModuleLogRecords);
        IncrementalValueProvider<ModuleOptions> options =
            context.CompilationProvider.Select(static (compilation, _) => ModuleParser.ReadOptions(compilation));
        context.RegisterSourceOutput(options.Combine(entries), static (output, input) =>
        {
            (ModuleOptions options, EquatableArray<ModuleEntry> entries) = input;
            if (entries.Count == 0)
            {
                return;
            }

            string name = LogRecordEmitter.ModuleName(options);
            output.AddSource($"{name}.g.cs", LogRecordEmitter.EmitModule(name, entries));
        });
        context.RegisterSourceOutput(results, static (output, result) => Report(output, result.Diagnostics));
        context.RegisterSourceOutput(results.Collect(), static (output, all) => LogRecordParser.CheckKinds(all, output.ReportDiagnostic));
    }

    private static EquatableArray<ModuleEntry> Sorted(ImmutableArray<ModuleEntry> entries) =>
        entries.OrderBy(static entry => entry.FullName, StringComparer.Ordinal).ToEquatableArray();

    /// <summary>
    /// Errors travel beside the models, never in them: they hold locations, which would keep a compilation alive and
    /// never compare equal. Reported with their real location they can be suppressed by a pragma.
    /// </summary>
    private static void RegisterDiagnostics(
        IncrementalGeneratorInitializationContext context,
        IncrementalValuesProvider<ParseResult<TargetModel>> targets,
        IncrementalValuesProvider<ParseResult<CallbackModel>> callbacks,
        IncrementalValuesProvider<ParseResult<StateMachineModel>> machines)
    {
        context.RegisterSourceOutput(targets, static (output, result) => Report(output, result.Diagnostics));
        context.RegisterSourceOutput(callbacks, static (output, result) => Report(output, result.Diagnostics));
        context.RegisterSourceOutput(machines, static (output, result) => Report(output, result.Diagnostics));
        context.RegisterSourceOutput(targets.Collect(), static (output, results) =>
            ModuleParser.CheckNames(results, "target", DiagnosticDescriptors.DuplicateTargetName, output.ReportDiagnostic));
        context.RegisterSourceOutput(callbacks.Collect(), static (output, results) =>
            ModuleParser.CheckNames(results, "callback", DiagnosticDescriptors.DuplicateCallbackName, output.ReportDiagnostic));
        context.RegisterSourceOutput(context.CompilationProvider, static (output, compilation) =>
            ModuleParser.CheckOptions(compilation, output.ReportDiagnostic, output.CancellationToken));

        IncrementalValuesProvider<ImmutableArray<Diagnostic>> orphans = context.SyntaxProvider.ForAttributeWithMetadataName(
            Names.TransitionAttribute,
            static (node, _) => node is StructDeclarationSyntax or RecordDeclarationSyntax,
            static (syntaxContext, _) => TransitionParser.CheckHasMachine(syntaxContext));
        context.RegisterSourceOutput(orphans, static (output, diagnostics) => Report(output, diagnostics));
    }

    private static void Report(SourceProductionContext output, ImmutableArray<Diagnostic> diagnostics)
    {
        foreach (Diagnostic diagnostic in diagnostics)
        {
            output.ReportDiagnostic(diagnostic);
        }
    }
}
