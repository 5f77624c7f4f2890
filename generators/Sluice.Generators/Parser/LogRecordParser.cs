using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads a <c>[LogRecord]</c> class.</summary>
internal static class LogRecordParser
{
    private const string Kind = "log record";
    private const int KindsMax = 0xFF00;
    private const int PageKindsFrom = 0x8000;

    public static ParseResult<LogRecordModel>? Parse(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        if (AttributedType.Read(context, Names.LogRecordAttribute, "kind", Kind, cancellationToken) is not { } read) return null;
        (INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics) = read;
        (int kind, string name) = read.Attribute.ConstructorArguments is [{ Value: int number }, { Value: string text }]
            ? (number, text)
            : (0, "");
        read.CheckName(name, AttributeSyntaxReader.ArgumentLocation(read.Attribute, 1, "name", cancellationToken));
        bool isStub = kind is < 0 or >= KindsMax;
        if (isStub)
        {
            diagnostics.Report(DiagnosticDescriptors.RecordKindRange, read.ArgumentLocation, symbol.Name, kind);
        }

        TypeModel? type = read.ReadType();
        isStub |= !read.CanBeRegistered();
        isStub |= read.ReadTaken(static name => name is Names.RecordKind or Names.RecordDispatch).Count != 0;
        IMethodSymbol? redo = FindRedo(symbol, declaration, diagnostics);
        bool isPage = redo?.Name == Names.RedoPage;
        if (isPage && kind is >= 0 and < PageKindsFrom)
        {
            diagnostics.Report(DiagnosticDescriptors.PageRecordKindRange, read.ArgumentLocation, symbol.Name, kind);
            isStub = true;
        }

        bool describes = symbol.GetMembers(Names.Describe).OfType<IMethodSymbol>().Any(Signatures.IsDescribeRecord);
        isStub |= redo is null;
        string state = redo is null || isPage ? "" : redo.Parameters[1].Type.Reference();
        LogRecordModel? model = type is null ? null : new LogRecordModel(
            type, kind, name, state, redo?.Name == Names.RedoAsync, isPage, describes, isStub);
        return read.ToResult(model, $"{kind:X4}");
    }

    /// <summary>Kinds used twice in one assembly.</summary>
    public static void CheckKinds(ImmutableArray<ParseResult<LogRecordModel>> results, Action<Diagnostic> report)
    {
        Dictionary<string, string> owners = new(StringComparer.Ordinal);
        foreach (ParseResult<LogRecordModel> result in results.OrderBy(static result => result.FullName, StringComparer.Ordinal))
        {
            if (owners.TryGetValue(result.Name, out string? owner))
            {
                report(Diagnostic.Create(DiagnosticDescriptors.DuplicateRecordKind, result.NameLocation, result.Name, owner));
            }
            else
            {
                owners.Add(result.Name, result.FullName);
            }
        }
    }

    private static IMethodSymbol? FindRedo(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics)
    {
        IMethodSymbol[] methods =
        [
            .. symbol.GetMembers().OfType<IMethodSymbol>().Where(static method => method.Name is Names.Redo or Names.RedoAsync or Names.RedoPage),
        ];
        IMethodSymbol[] right = [.. methods.Where(Signatures.IsRedo)];
        foreach (IMethodSymbol wrong in methods.Where(static method => !Signatures.IsRedo(method)))
        {
            diagnostics.Report(
                DiagnosticDescriptors.RedoSignature, wrong.Locations[0], Signatures.Show(wrong), Signatures.Redo, Signatures.RedoAsync, Signatures.RedoPage);
        }

        if (methods.Length == 0 || right.Length > 1)
        {
            diagnostics.Report(
                DiagnosticDescriptors.RedoMissing,
                declaration.Identifier.GetLocation(),
                symbol.Name,
                Signatures.Redo,
                Signatures.RedoAsync,
                Signatures.RedoPage);
        }

        return right.Length == 1 ? right[0] : null;
    }
}
