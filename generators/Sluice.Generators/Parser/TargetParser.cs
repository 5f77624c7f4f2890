using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads an <c>[AioTarget]</c> struct.</summary>
internal static class TargetParser
{
    private const string Kind = "target";

    public static ParseResult<TargetModel>? Parse(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        if (AttributedType.Read(context, Names.TargetAttribute, "name", Kind, cancellationToken) is not { } read) return null;
        (INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics) = read;
        string name = read.ReadName();
        TypeModel? type = read.ReadType();
        bool isStub = !read.CanBeRegistered();
        isStub |= !IsUnmanaged(symbol, declaration, diagnostics);
        CheckSize(symbol, declaration, diagnostics);
        bool canReopen = read.Attribute.BooleanProperty("CanReopen", fallback: true);
        bool hasDescribe = HasMethod(symbol, Names.Describe, Signatures.IsDescribe, Signatures.Describe(symbol.Name), diagnostics);
        bool hasReopen = HasMethod(symbol, Names.Reopen, Signatures.IsReopen, Signatures.Reopen(symbol.Name), diagnostics);
        if (canReopen && !symbol.GetMembers(Names.Reopen).Any())
        {
            diagnostics.Report(
                DiagnosticDescriptors.ReopenMissing, declaration.Identifier.GetLocation(), symbol.Name, Signatures.Reopen(symbol.Name));
        }

        EquatableArray<string> callbacks = ReadCallbacks(
            read.Attribute, symbol, context.SemanticModel.Compilation, diagnostics, cancellationToken);
        EquatableArray<string> taken = ReadTakenMembers(read);
        TargetModel? model = type is null ? null : new TargetModel(
            type, name, canReopen, hasDescribe, hasReopen, DescribedMembers(symbol), callbacks, taken, isStub);
        return read.ToResult(model, name);
    }

    private static bool IsUnmanaged(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics)
    {
        if (symbol.IsRefLikeType)
        {
            diagnostics.Report(
                DiagnosticDescriptors.TargetNotUnmanaged, declaration.Identifier.GetLocation(), symbol.Name, "it is a ref struct");
            return false;
        }

        if (symbol.IsUnmanagedType)
        {
            return true;
        }

        foreach (IFieldSymbol field in symbol.GetMembers().OfType<IFieldSymbol>().Where(
            static field => !field.IsStatic && !field.Type.IsUnmanagedType))
        {
            // A type that does not exist is reported by the compiler already.
            if (field.Type.TypeKind != TypeKind.Error)
            {
                ISymbol shown = field.AssociatedSymbol ?? field;
                string reason = $"'{shown.Name}' is or holds a managed reference";
                diagnostics.Report(DiagnosticDescriptors.TargetNotUnmanaged, shown.Locations[0], symbol.Name, reason);
            }
        }

        return false;
    }

    private static void CheckSize(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics)
    {
        if (symbol.IsUnmanagedType && LayoutCalculator.SizeBytes(symbol) is > Limits.TargetBytesMax and int sizeBytes)
        {
            diagnostics.Report(
                DiagnosticDescriptors.TargetTooLarge, declaration.Identifier.GetLocation(), symbol.Name, sizeBytes, Limits.TargetBytesMax);
        }
    }

    private static bool HasMethod(
        INamedTypeSymbol symbol, string name, Func<IMethodSymbol, ITypeSymbol, bool> isRight, string rightSignature,
        DiagnosticBag diagnostics)
    {
        if (symbol.GetMembers(name).OfType<IMethodSymbol>().Any(method => isRight(method, symbol)))
        {
            return true;
        }

        foreach (ISymbol member in symbol.GetMembers(name))
        {
            string shown = member is IMethodSymbol method ? Signatures.Show(method) : member.Name;
            diagnostics.Report(DiagnosticDescriptors.TargetMethodSignature, member.Locations[0], shown, rightSignature);
        }

        return false;
    }

    private static EquatableArray<string> DescribedMembers(INamedTypeSymbol symbol)
    {
        List<string> names = [];
        foreach (ISymbol member in symbol.GetMembers())
        {
            ITypeSymbol? type = member switch
            {
                IFieldSymbol { IsFixedSizeBuffer: false } field => field.Type,
                IPropertySymbol { IsIndexer: false, GetMethod.DeclaredAccessibility: Accessibility.Public } property => property.Type,
                _ => null,
            };
            bool isShown = member is { IsStatic: false, DeclaredAccessibility: Accessibility.Public }
                && type is { IsRefLikeType: false } and not (IPointerTypeSymbol or IFunctionPointerTypeSymbol);
            if (isShown)
            {
                names.Add(member.Name);
            }
        }

        return names.ToEquatableArray();
    }

    private static EquatableArray<string> ReadCallbacks(
        AttributeData attribute, INamedTypeSymbol symbol, Compilation compilation, DiagnosticBag diagnostics,
        CancellationToken cancellationToken)
    {
        if (attribute.Property("Callbacks") is not { Kind: TypedConstantKind.Array, IsNull: false } array)
        {
            return default;
        }

        ExpressionSyntax? expression = AttributeSyntaxReader.PropertyExpression(attribute, "Callbacks", cancellationToken);
        ExpressionSyntax[] elements = AttributeSyntaxReader.ElementExpressions(expression);
        Location whole = expression?.GetLocation() ?? symbol.Locations[0];
        if (array.Values.Length > Limits.CallbacksPerHandleMax)
        {
            diagnostics.Report(
                DiagnosticDescriptors.TooManyCallbacks, whole, symbol.Name, array.Values.Length, Limits.CallbacksPerHandleMax);
        }

        List<string> callbacks = [];
        HashSet<string> seen = [];
        for (int index = 0; index < array.Values.Length; index++)
        {
            Location location = index < elements.Length ? TypeLocation(elements[index]) : whole;
            ITypeSymbol? type = array.Values[index].Value as ITypeSymbol;
            if (type is not INamedTypeSymbol callback || callback.FindAttribute(Names.CallbackAttribute) is null)
            {
                if (type?.TypeKind != TypeKind.Error)
                {
                    diagnostics.Report(DiagnosticDescriptors.NotACallback, location, type?.FullName() ?? "null");
                }
            }
            else if (!seen.Add(callback.FullName()))
            {
                diagnostics.Report(DiagnosticDescriptors.CallbackListedTwice, location, callback.Name);
            }
            else if (HasId(callback, symbol, compilation, cancellationToken))
            {
                callbacks.Add(callback.Reference());
            }
        }

        return callbacks.Take(Limits.CallbacksPerHandleMax).ToEquatableArray();
    }

    private static Location TypeLocation(ExpressionSyntax element) =>
        element is TypeOfExpressionSyntax typeOf ? typeOf.Type.GetLocation() : element.GetLocation();

    /// <summary>Whether the callback has an Id, or gets one in this very run.</summary>
    private static bool HasId(
        INamedTypeSymbol callback, INamedTypeSymbol target, Compilation compilation, CancellationToken cancellationToken)
    {
        if (!SymbolEqualityComparer.Default.Equals(callback.ContainingAssembly, compilation.Assembly))
        {
            return callback.GetMembers(Names.CallbackId).Any(member => compilation.IsSymbolAccessibleWithin(member, target));
        }

        return !callback.IsInGenericType() && TypeParser.HasOtherPart(callback, cancellationToken)
            && compilation.IsSymbolAccessibleWithin(callback, target);
    }

    /// <summary>
    /// A start method that the user declares with the signature of an emitted one takes its place. Any other member with
    /// the name of an emitted one is a mistake.
    /// </summary>
    private static EquatableArray<string> ReadTakenMembers(AttributedType read)
    {
        List<string> taken = [];
        foreach (ISymbol member in read.Symbol.GetMembers().Where(static member => !member.IsImplicitlyDeclared))
        {
            bool isStart = Signatures.IsStartMethod(member.Name);
            if (isStart && member is IMethodSymbol method)
            {
                taken.Add(Signatures.Key(method));
            }
            else if (isStart || member.Name is Names.TargetId or Names.AttachTo)
            {
                taken.Add(member.Name);
                read.ReportCollision(member);
            }
        }

        return taken.ToEquatableArray();
    }
}
