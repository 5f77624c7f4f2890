using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Parser;

namespace Sluice.Generators.Analyzers;

/// <summary>Finds calls in a shared completion that block the thread which reaps. Short locks are not among them.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BlockingCompletionAnalyzer : DiagnosticAnalyzer
{
    private const string CompleteShared = "CompleteShared";

    private static readonly HashSet<string> s_blockingMembers =
    [
        "System.Threading.Thread.Sleep",
        "System.Threading.Thread.Join",
        "System.Threading.Monitor.Wait",
        "System.Threading.WaitHandle.WaitOne",
        "System.Threading.WaitHandle.WaitAll",
        "System.Threading.WaitHandle.WaitAny",
        "System.Threading.SemaphoreSlim.Wait",
        "System.Threading.ManualResetEventSlim.Wait",
        "System.Threading.CountdownEvent.Wait",
        "System.Threading.Barrier.SignalAndWait",
        "System.Threading.Tasks.Task.Wait",
        "System.Threading.Tasks.Task.WaitAll",
        "System.Threading.Tasks.Task.WaitAny",
        "System.Threading.Tasks.Task.Result",
        "System.Threading.Tasks.ValueTask.Result",
        "System.Runtime.CompilerServices.TaskAwaiter.GetResult",
        "System.Runtime.CompilerServices.ValueTaskAwaiter.GetResult",
        "Sluice.WaitReference.Wait",
        "Sluice.AioContext.Acquire",
    ];

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(
        DiagnosticDescriptors.BlockingCompletion);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterOperationAction(Analyze, OperationKind.Invocation, OperationKind.PropertyReference);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        ISymbol member = context.Operation switch
        {
            IInvocationOperation invocation => invocation.TargetMethod,
            IPropertyReferenceOperation reference => reference.Property,
            _ => throw new InvalidOperationException("The analyzer registered for calls and properties only."),
        };
        if (IsSharedCompletion(context.ContainingSymbol) && s_blockingMembers.Contains(FullName(member)))
        {
            context.ReportDiagnostic(Diagnostic.Create(
                DiagnosticDescriptors.BlockingCompletion,
                context.Operation.Syntax.GetLocation(),
                $"{member.ContainingType.Name}.{member.Name}",
                context.ContainingSymbol.ContainingType.Name));
        }
    }

    private static bool IsSharedCompletion(ISymbol symbol) =>
        symbol is IMethodSymbol { Name: CompleteShared, ContainingType: { } type }
            && type.FindAttribute(Names.CallbackAttribute) is not null;

    private static string FullName(ISymbol member) =>
        $"{member.ContainingType.ContainingNamespace.ToDisplayString()}.{member.ContainingType.Name}.{member.Name}";
}
