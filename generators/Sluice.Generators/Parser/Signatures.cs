using Microsoft.CodeAnalysis;
using Sluice.Generators.Helpers;

namespace Sluice.Generators.Parser;

/// <summary>The methods that the runtime calls, as they must be declared.</summary>
internal static class Signatures
{
    public const string Stage = "static void Stage(AioHandle handle, byte data)";
    public const string CompleteShared = "static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)";
    public const string CompleteLocal = "static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)";
    public const string Report = "static string Report(AioResult result, AioTargetData target)";

    public const string Redo = "static void Redo(in LogRecord record, TState state)";
    public const string RedoAsync = "static ValueTask RedoAsync(LogRecord record, TState state)";
    public const string RedoPage = "static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload)";

    public static string Describe(string target) => $"static string Describe(in {target} target)";

    public static string Reopen(string target) => $"static IoFile Reopen(in {target} target, IoFileSystem fileSystem)";

    public static bool IsStage(IMethodSymbol method) =>
        method is { IsStatic: true, IsGenericMethod: false, ReturnsVoid: true, Parameters: [var handle, var data] }
        && IsValue(handle, "AioHandle") && IsByte(data);

    public static bool IsCompletion(IMethodSymbol method) =>
        method is { IsStatic: true, IsGenericMethod: false, RefKind: RefKind.None, Parameters: [var handle, var prior, var data] }
        && method.ReturnType.IsSluiceType("AioResult") && IsValue(handle, "AioHandle") && IsValue(prior, "AioResult") && IsByte(data);

    public static bool IsReport(IMethodSymbol method) =>
        ReturnsString(method) && method is { Parameters: [var result, var target] }
        && IsValue(result, "AioResult") && IsValue(target, "AioTargetData");

    public static bool IsDescribe(IMethodSymbol method, ITypeSymbol target) =>
        ReturnsString(method) && method is { Parameters: [var self] } && IsSelf(self, target);

    public static bool IsReopen(IMethodSymbol method, ITypeSymbol target) =>
        method is { IsStatic: true, IsGenericMethod: false, RefKind: RefKind.None, Parameters: [var self, var fileSystem] }
        && method.ReturnType.IsSluiceType("IoFile") && IsSelf(self, target) && IsValue(fileSystem, "IoFileSystem");

    public static bool IsRedo(IMethodSymbol method)
    {
        if (method.Name == Names.RedoPage) return IsRedoPage(method);
        bool isAsync = method.Name == Names.RedoAsync;
        return method is { IsStatic: true, IsGenericMethod: false, RefKind: RefKind.None, Parameters: [var record, var state] }
            && IsLogRecord(record.Type) && record.RefKind == (isAsync ? RefKind.None : RefKind.In)
            && state is { RefKind: RefKind.None, Type.IsReferenceType: true }
            && (isAsync ? IsValueTask(method.ReturnType) : method is { ReturnsVoid: true, IsAsync: false });
    }

    public static bool IsDescribeRecord(IMethodSymbol method) =>
        ReturnsString(method) && method is { Parameters: [{ RefKind: RefKind.In } record] } && IsLogRecord(record.Type);

    private static bool IsRedoPage(IMethodSymbol method) =>
        method is { IsStatic: true, IsGenericMethod: false, ReturnsVoid: true, IsAsync: false, Parameters: [var index, var page, var payload] }
        && index is { RefKind: RefKind.None, Type.SpecialType: SpecialType.System_Int32 }
        && IsBytes(page, "Span") && IsBytes(payload, "ReadOnlySpan");

    private static bool IsBytes(IParameterSymbol parameter, string type) =>
        parameter is { RefKind: RefKind.None, Type: INamedTypeSymbol { Arity: 1, ContainingNamespace.Name: "System" } span }
        && span.Name == type && span.TypeArguments[0].SpecialType == SpecialType.System_Byte;

    private static bool IsLogRecord(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Error
        || type is { Name: "LogRecord", ContainingNamespace: { Name: "Wal", ContainingNamespace.Name: Names.Namespace } };

    private static bool IsValueTask(ITypeSymbol type) =>
        type is INamedTypeSymbol { Name: "ValueTask", Arity: 0 }
        && type.ContainingNamespace is { Name: "Tasks", ContainingNamespace.Name: "Threading" };

    /// <summary>The method as it stands in source, for a message.</summary>
    public static string Show(IMethodSymbol method)
    {
        string modifiers = (method.IsStatic ? "static " : "") + (method.IsAsync ? "async " : "");
        return modifiers + method.ToDisplayString(s_shown);
    }

    /// <summary>The names and the parameter types of the methods that a target gets, unless it has them already.</summary>
    public static string Key(IMethodSymbol method) =>
        $"{method.Name}({string.Join(",", method.Parameters.Select(static parameter => parameter.Type.FullName()))})";

    /// <summary>Whether the emitter has methods of that name in a target.</summary>
    public static bool IsStartMethod(string name) =>
        name is "StartRead" or "StartWrite" or "StartFsync" or "StartFdatasync" or "StartFlushRange" or "StartAllocate";

    private static readonly SymbolDisplayFormat s_shown = new(
        memberOptions: SymbolDisplayMemberOptions.IncludeType
            | SymbolDisplayMemberOptions.IncludeParameters
            | SymbolDisplayMemberOptions.IncludeRef,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType
            | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes);

    private static bool ReturnsString(IMethodSymbol method) =>
        method is { IsStatic: true, IsGenericMethod: false, RefKind: RefKind.None, ReturnType.SpecialType: SpecialType.System_String };

    private static bool IsValue(IParameterSymbol parameter, string type) =>
        parameter.RefKind == RefKind.None && parameter.Type.IsSluiceType(type);

    private static bool IsByte(IParameterSymbol parameter) =>
        parameter is { RefKind: RefKind.None, Type.SpecialType: SpecialType.System_Byte };

    private static bool IsSelf(IParameterSymbol parameter, ITypeSymbol target) =>
        parameter.RefKind == RefKind.In && SymbolEqualityComparer.Default.Equals(parameter.Type, target);
}
