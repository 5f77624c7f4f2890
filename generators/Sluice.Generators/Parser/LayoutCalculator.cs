using Microsoft.CodeAnalysis;

namespace Sluice.Generators.Parser;

/// <summary>
/// The size of an unmanaged type as the runtime lays it out on a 64-bit system: fields in order, each aligned to its own
/// size or to Pack, explicit offsets, minimum sizes, fixed and inline arrays. Null when it cannot be known.
/// </summary>
internal static class LayoutCalculator
{
    private const int PointerBytes = 8;

    public static int? SizeBytes(ITypeSymbol type) => Measure(type)?.Size;

    private static Layout? Measure(ITypeSymbol type)
    {
        if (type is IPointerTypeSymbol or IFunctionPointerTypeSymbol)
        {
            return new Layout(PointerBytes, PointerBytes);
        }

        if (type is not INamedTypeSymbol named)
        {
            return null;
        }

        if (named.TypeKind == TypeKind.Enum)
        {
            return named.EnumUnderlyingType is { } underlying ? Measure(underlying) : null;
        }

        if (named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            return Measure(named.TypeArguments[0]) is { } value ? new Layout(value.Alignment + value.Size, value.Alignment) : null;
        }

        return Known(named) ?? (named.TypeKind == TypeKind.Struct ? MeasureStruct(named) : null);
    }

    /// <summary>Types whose fields the reference assemblies do not show.</summary>
    private static Layout? Known(INamedTypeSymbol type)
    {
        int size = type.SpecialType switch
        {
            SpecialType.System_Boolean or SpecialType.System_SByte or SpecialType.System_Byte => 1,
            SpecialType.System_Char or SpecialType.System_Int16 or SpecialType.System_UInt16 => 2,
            SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Single => 4,
            SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_Double or SpecialType.System_DateTime => 8,
            SpecialType.System_IntPtr or SpecialType.System_UIntPtr => PointerBytes,
            _ => 0,
        };
        if (size > 0)
        {
            return new Layout(size, size);
        }

        if (type.SpecialType == SpecialType.System_Decimal)
        {
            return new Layout(16, 8);
        }

        if (type.ContainingNamespace is not { Name: "System", ContainingNamespace.IsGlobalNamespace: true }
            || type.ContainingType is not null)
        {
            return null;
        }

        return type.Name switch
        {
            "Guid" => new Layout(16, 4),
            "TimeSpan" or "TimeOnly" => new Layout(8, 8),
            "DateOnly" or "Index" => new Layout(4, 4),
            "Range" => new Layout(8, 4),
            "DateTimeOffset" => new Layout(16, 8),
            "Half" => new Layout(2, 2),
            "Int128" or "UInt128" => new Layout(16, 16),
            _ => null,
        };
    }

    private static Layout? MeasureStruct(INamedTypeSymbol type)
    {
        StructLayout declared = StructLayout.Of(type);
        int end = 0;
        int alignment = 1;
        List<Layout> automatic = [];
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>().Where(static field => !field.IsStatic && !field.IsConst))
        {
            if (MeasureField(field) is not { } layout)
            {
                return null;
            }

            int fieldAlignment = declared.Pack > 0 ? Math.Min(layout.Alignment, declared.Pack) : layout.Alignment;
            alignment = Math.Max(alignment, fieldAlignment);
            if (declared.IsExplicit)
            {
                end = Math.Max(end, FieldOffset(field) + layout.Size);
            }
            else if (declared.IsAutomatic)
            {
                automatic.Add(layout);
            }
            else
            {
                end = RoundUp(end, fieldAlignment) + layout.Size;
            }
        }

        // The runtime orders an automatic layout so that as little as possible is lost to alignment.
        foreach (Layout layout in automatic.OrderByDescending(static layout => layout.Alignment))
        {
            end = RoundUp(end, layout.Alignment) + layout.Size;
        }

        int size = Math.Max(RoundUp(Math.Max(end, 1), alignment), declared.Size);
        return new Layout(size * InlineArrayLength(type), alignment);
    }

    private static Layout? MeasureField(IFieldSymbol field)
    {
        if (!field.IsFixedSizeBuffer)
        {
            return Measure(field.Type);
        }

        return field.Type is IPointerTypeSymbol pointer && Measure(pointer.PointedAtType) is { } element
            ? new Layout(element.Size * field.FixedSize, element.Alignment)
            : null;
    }

    private static int FieldOffset(IFieldSymbol field) =>
        FindSystemAttribute(field, "FieldOffsetAttribute") is { ConstructorArguments: [{ Value: int offset }] } ? offset : 0;

    private static int InlineArrayLength(INamedTypeSymbol type) =>
        FindSystemAttribute(type, "InlineArrayAttribute") is { ConstructorArguments: [{ Value: int and > 0 and var length }] } ? length : 1;

    private static AttributeData? FindSystemAttribute(ISymbol symbol, string name) =>
        symbol.GetAttributes().FirstOrDefault(attribute => attribute.AttributeClass?.Name == name);

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private readonly record struct Layout(int Size, int Alignment);

    private readonly record struct StructLayout(bool IsExplicit, bool IsAutomatic, int Size, int Pack)
    {
        private const int ExplicitKind = 2;
        private const int AutomaticKind = 3;

        public static StructLayout Of(INamedTypeSymbol type)
        {
            if (FindSystemAttribute(type, "StructLayoutAttribute") is not { } attribute)
            {
                return default;
            }

            int kind = attribute.ConstructorArguments is [{ Value: { } value }] ? Convert.ToInt32(value) : 0;
            return new StructLayout(
                kind == ExplicitKind,
                kind == AutomaticKind,
                attribute.Property("Size")?.Value as int? ?? 0,
                attribute.Property("Pack")?.Value as int? ?? 0);
        }
    }
}
