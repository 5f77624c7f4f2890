using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads an <c>[AioCallback]</c> class.</summary>
internal static class CallbackParser
{
    private const string Kind = "callback";

    private static readonly (CallbackPhases Phase, string Name, string Signature, Func<IMethodSymbol, bool> IsRight)[] s_methods =
    [
        (CallbackPhases.Stage, "Stage", Signatures.Stage, Signatures.IsStage),
        (CallbackPhases.CompleteShared, "CompleteShared", Signatures.CompleteShared, Signatures.IsCompletion),
        (CallbackPhases.CompleteLocal, "CompleteLocal", Signatures.CompleteLocal, Signatures.IsCompletion),
        (CallbackPhases.Report, "Report", Signatures.Report, Signatures.IsReport),
    ];

    public static ParseResult<CallbackModel>? Parse(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        if (AttributedType.Read(context, Names.CallbackAttribute, "name", Kind, cancellationToken) is not { } read) return null;
        (INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics) = read;
        string name = read.ReadName();
        TypeModel? type = read.ReadType();
        bool isStub = !read.CanBeRegistered();
        if (!symbol.IsStatic)
        {
            diagnostics.Report(DiagnosticDescriptors.CallbackClassNotStatic, declaration.Identifier.GetLocation(), symbol.Name);
        }

        CallbackPhases phases = ReadPhases(symbol, declaration, diagnostics);
        EquatableArray<string> taken = read.ReadTaken(static name => name is Names.CallbackId or Names.Dispatch);
        isStub |= taken.Contains(Names.Dispatch);
        CallbackModel? model = type is null ? null : new CallbackModel(type, name, phases, taken, isStub);
        return read.ToResult(model, name);
    }

    private static CallbackPhases ReadPhases(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics)
    {
        CallbackPhases phases = CallbackPhases.None;
        bool declaresCompletion = false;
        foreach ((CallbackPhases phase, string name, string signature, Func<IMethodSymbol, bool> isRight) in s_methods)
        {
            declaresCompletion |= phase is CallbackPhases.CompleteShared or CallbackPhases.CompleteLocal && symbol.GetMembers(name).Any();
            IMethodSymbol? right = symbol.GetMembers(name).OfType<IMethodSymbol>().FirstOrDefault(isRight);
            if (right is not null)
            {
                phases |= phase;
                if (right.IsAsync)
                {
                    diagnostics.Report(DiagnosticDescriptors.AsyncCallback, right.Locations[0], Signatures.Show(right), signature);
                }

                continue;
            }

            foreach (ISymbol member in symbol.GetMembers(name))
            {
                DiagnosticDescriptor descriptor = member is IMethodSymbol method && IsAsynchronous(method)
                    ? DiagnosticDescriptors.AsyncCallback
                    : DiagnosticDescriptors.CallbackMethodSignature;
                string shown = member is IMethodSymbol shownMethod ? Signatures.Show(shownMethod) : member.Name;
                diagnostics.Report(descriptor, member.Locations[0], shown, signature);
            }
        }

        if (!declaresCompletion)
        {
            diagnostics.Report(
                DiagnosticDescriptors.CallbackWithoutCompletion, declaration.Identifier.GetLocation(),
                symbol.Name, Signatures.CompleteShared, Signatures.CompleteLocal);
        }

        return phases;
    }

    private static bool IsAsynchronous(IMethodSymbol method) =>
        method.IsAsync
        || (method.ReturnType is { Name: "Task" or "ValueTask", ContainingNamespace: { Name: "Tasks" } space }
            && space.ContainingNamespace?.Name == "Threading");
}
