using System.Globalization;
using System.Reflection;
using System.Text;

namespace VerifyTests;

/// <summary>The names of one verification's files: <c>Class.Method_parameter=value#target.verified.txt</c>.</summary>
internal static class SnapshotName
{
    private static readonly char[] s_forbidden = ['"', '<', '>', '|', ':', '*', '?', '\\', '/', '\0', '\n', '\r', '\t'];

    /// <summary>What all files of the verification begin with.</summary>
    public static string Prefix(Type type, MethodInfo test, VerifySettings settings)
    {
        StringBuilder name = new();
        name.Append(TypeName(type)).Append('.').Append(settings.MethodName ?? test.Name);
        ParameterInfo[] parameters = test.GetParameters();
        if (parameters.Length > 0 && settings.Parameters is null && settings.MethodName is null)
        {
            throw new InvalidOperationException(
                $"{test.Name} has parameters: say which of them stand in the file name with UseParameters.");
        }

        for (int index = 0; index < (settings.Parameters?.Length ?? 0); index++)
        {
            name.Append('_').Append(parameters[index].Name).Append('=').Append(ValueName(settings.Parameters![index]));
        }

        return name.ToString();
    }

    /// <summary>The part of each target's file names between the prefix and <c>.verified</c>, in the order of the targets.</summary>
    public static string[] TargetParts(IReadOnlyList<Target> targets)
    {
        string[] parts = new string[targets.Count];
        for (int index = 0; index < targets.Count; index++)
        {
            string? name = targets[index].Name;
            int[] sameName = [.. Enumerable.Range(0, targets.Count).Where(other => targets[other].Name == name)];
            string number = Array.IndexOf(sameName, index).ToString("D2", CultureInfo.InvariantCulture);
            parts[index] = (name, sameName.Length) switch
            {
                (null, 1) => "",
                (null, _) => $"#{number}",
                (_, 1) => $"#{name}",
                _ => $"#{name}.{number}",
            };
        }

        return parts;
    }

    private static string TypeName(Type type) => type.DeclaringType is { } outer ? $"{TypeName(outer)}.{type.Name}" : type.Name;

    private static string ValueName(object? value)
    {
        string text = value switch
        {
            null => "null",
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "null",
        };
        return string.Concat(text.Select(static character => s_forbidden.Contains(character) ? '-' : character));
    }
}
