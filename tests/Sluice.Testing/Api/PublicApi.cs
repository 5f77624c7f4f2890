using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sluice.Testing;

/// <summary>An assembly's public surface as text, so that a snapshot shows every change to it.</summary>
public static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Every type and member that other assemblies see, one per line, sorted. Lines end in a line feed.
    /// </summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="space">The only namespace to describe; null for all.</param>
    public static string Describe(Assembly assembly, string? space = null)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetTypes().Where(IsVisible)
            .Where(type => space is null || type.Namespace == space).OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append(ApiText.TypeHeader(type)).Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.BaseType == typeof(MulticastDelegate))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(static field => string.Create(CultureInfo.InvariantCulture, $"{field.Name} = {field.GetRawConstantValue()}"));
        }

        return type.GetMembers(Declared).Where(static member => !IsHidden(member)).Select(static member => member switch
        {
            ConstructorInfo constructor when IsVisible(constructor) && !constructor.IsStatic => ApiText.Constructor(constructor),
            MethodInfo method when IsVisible(method)
                && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => ApiText.Method(method),
            PropertyInfo property when IsVisible(property.GetMethod) || IsVisible(property.SetMethod) => ApiText.Property(property),
            EventInfo { AddMethod: var add } declared when IsVisible(add) => ApiText.Event(declared),
            FieldInfo field when IsVisible(field) && !field.IsSpecialName => ApiText.Field(field),
            _ => null,
        }).OfType<string>();
    }

    /// <summary>What the compiler adds and nobody calls by name.</summary>
    private static bool IsHidden(MemberInfo member) =>
        member.Name.Contains('<', StringComparison.Ordinal)
            || (member.IsDefined(typeof(CompilerGeneratedAttribute)) && member is FieldInfo);

    private static bool IsVisible(Type type) =>
        !type.Name.Contains('<', StringComparison.Ordinal)
        && (type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType!)));

    internal static bool IsVisible(MethodBase? method) =>
        method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;
}
