using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sluice.Testing;

/// <summary>Types and members in the words of C#.</summary>
internal static class ApiText
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(char)] = "char",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static string TypeHeader(Type type)
    {
        string kind = type switch
        {
            { IsEnum: true } => "enum",
            _ when type.BaseType == typeof(MulticastDelegate) => "delegate",
            { IsInterface: true } => "interface",
            { IsValueType: true } => (IsReadOnly(type) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        string access = type.IsPublic || type.IsNestedPublic ? "public" : "protected";
        List<string> bases = [];
        if (type.IsEnum)
        {
            bases.Add(Name(type.GetEnumUnderlyingType()));
        }
        else if (type.BaseType == typeof(MulticastDelegate))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            string signature = $"{Name(invoke.ReturnType)} {FullName(type)}({Parameters(invoke)})";
            return $"{access} {kind} {signature}{Constraints(type.GetGenericArguments())}";
        }
        else
        {
            if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
            {
                bases.Add(Name(parent));
            }

            bases.AddRange(type.GetInterfaces().Where(static face => face.IsVisible).Select(Name).Order(StringComparer.Ordinal));
        }

        string list = bases.Count == 0 ? "" : $" : {string.Join(", ", bases)}";
        return $"{access} {kind} {FullName(type)}{list}{Constraints(type.GetGenericArguments())}";
    }

    public static string Constructor(ConstructorInfo constructor) => $"{Access(constructor)} .ctor({Parameters(constructor)})";

    public static string Method(MethodInfo method)
    {
        string generic = method.IsGenericMethodDefinition
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(static argument => argument.Name))}>"
            : "";
        string constraints = method.IsGenericMethodDefinition ? Constraints(method.GetGenericArguments()) : "";
        string result = Return(method.ReturnParameter);
        return $"{Access(method)} {Modifiers(method)}{result} {method.Name}{generic}({Parameters(method)}){constraints}";
    }

    public static string Property(PropertyInfo property)
    {
        MethodInfo accessor = PublicApi.IsVisible(property.GetMethod) ? property.GetMethod! : property.SetMethod!;
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        string get = PublicApi.IsVisible(property.GetMethod) ? "get; " : "";
        bool hasSet = PublicApi.IsVisible(property.SetMethod);
        string set = hasSet ? $"{SetterAccess(property)}{(IsInit(property.SetMethod!) ? "init" : "set")}; " : "";
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        string type = Return(property.GetMethod?.ReturnParameter, property.PropertyType);
        return $"{Access(accessor)} {required}{Modifiers(accessor)}{type} {name} {{ {get}{set}}}";
    }

    public static string Event(EventInfo declared) =>
        $"{Access(declared.AddMethod!)} {Modifiers(declared.AddMethod!)}event {Name(declared.EventHandlerType!)} {declared.Name}";

    public static string Field(FieldInfo field)
    {
        string access = field.IsPublic ? "public" : "protected";
        string modifiers = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        string value = field.IsLiteral ? $" = {Literal(field.GetRawConstantValue())}" : "";
        return $"{access} {modifiers}{Name(field.FieldType)} {field.Name}{value}";
    }

    private static string Access(MethodBase method) =>
        method.DeclaringType!.IsInterface ? "public" : method.IsPublic ? "public" : "protected";

    private static string SetterAccess(PropertyInfo property) =>
        property.SetMethod!.IsPublic || property.GetMethod?.IsPublic != true ? "" : "protected ";

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Modifiers(MethodInfo method)
    {
        string shared = method.IsStatic ? "static " : "";
        bool overrides = method.GetBaseDefinition() != method;
        string kind = method switch
        {
            { DeclaringType.IsInterface: true } => method is { IsAbstract: true } ? (method.IsStatic ? "abstract " : "") : "virtual ",
            { IsVirtual: true } when overrides => method.IsFinal ? "sealed override " : "override ",
            { IsAbstract: true } => "abstract ",
            { IsVirtual: true, IsFinal: false } => "virtual ",
            _ => "",
        };
        bool isReadOnly = method.DeclaringType is { IsValueType: true } owner && !IsReadOnly(owner)
            && method.IsDefined(typeof(IsReadOnlyAttribute));
        return shared + kind + (isReadOnly ? "readonly " : "");
    }

    private static string Return(ParameterInfo? parameter, Type? fallback = null)
    {
        Type type = parameter?.ParameterType ?? fallback!;
        if (!type.IsByRef)
        {
            return Name(type);
        }

        bool isReadOnly = parameter!.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.InteropServices.InAttribute));
        return (isReadOnly ? "ref readonly " : "ref ") + Name(type.GetElementType()!);
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        string modifier = !type.IsByRef ? (parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "")
            : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        string fallback = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : "";
        return $"{modifier}{Name(type.IsByRef ? type.GetElementType()! : type)} {parameter.Name}{fallback}";
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Constraints(Type[] arguments)
    {
        List<string> clauses = [];
        foreach (Type argument in arguments.Where(static argument => argument.IsGenericParameter))
        {
            GenericParameterAttributes flags = argument.GenericParameterAttributes;
            List<string> parts = [];
            bool isValue = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
            bool isUnmanaged = argument.GetCustomAttributesData().Any(static data => data.AttributeType.Name == "IsUnmanagedAttribute");
            if (isUnmanaged || isValue)
            {
                parts.Add(isUnmanaged ? "unmanaged" : "struct");
            }

            if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            {
                parts.Add("class");
            }

            parts.AddRange(argument.GetGenericParameterConstraints().Where(static type => type != typeof(ValueType)).Select(Name));
            if (!isValue && flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
            {
                parts.Add("new()");
            }

            if (parts.Count > 0)
            {
                clauses.Add($" where {argument.Name} : {string.Join(", ", parts)}");
            }
        }

        return string.Concat(clauses);
    }

    private static bool IsReadOnly(Type type) => type.IsDefined(typeof(IsReadOnlyAttribute));

    private static string FullName(Type type)
    {
        string own = WithArguments(type, type.GetGenericArguments());
        string? container = type.DeclaringType is { } outer ? FullName(outer) : type.Namespace;
        return string.IsNullOrEmpty(container) ? own : $"{container}.{own}";
    }

    private static string Name(Type type)
    {
        if (s_keywords.TryGetValue(type, out string? keyword))
        {
            return keyword;
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }

        if (type.IsFunctionPointer)
        {
            IEnumerable<string> parts = type.GetFunctionPointerParameterTypes().Append(type.GetFunctionPointerReturnType()).Select(Name);
            return $"delegate*<{string.Join(", ", parts)}>";
        }

        return Nullable.GetUnderlyingType(type) is { } value ? Name(value) + "?" : FullName(type);
    }

    /// <summary>The plain name with the generic arguments that are its own, not its containing type's.</summary>
    private static string WithArguments(Type type, Type[] arguments)
    {
        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        if (tick < 0)
        {
            return type.Name;
        }

        int count = int.Parse(type.Name[(tick + 1)..], CultureInfo.InvariantCulture);
        IEnumerable<string> own = arguments[Math.Max(0, arguments.Length - count)..].Select(Name);
        return $"{type.Name[..tick]}<{string.Join(", ", own)}>";
    }
}
