using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;

namespace Sluice.Simulation;

/// <summary>Finds scenarios: those that come with Sluice, and those of any other assembly.</summary>
public static partial class ScenarioCatalog
{
    /// <summary>Those of this assembly, by name.</summary>
    public static IReadOnlyList<ScenarioInfo> All { get; } = In(typeof(ScenarioCatalog).Assembly);

    /// <summary>All scenarios of some assemblies, by name: the classes with a <see cref="ScenarioAttribute"/>.</summary>
    /// <param name="assemblies">Where to look.</param>
    /// <exception cref="InvalidOperationException">
    /// A class with the attribute is no scenario, or two have one name; the line says which.
    /// </exception>
    public static IReadOnlyList<ScenarioInfo> In(params ReadOnlySpan<Assembly> assemblies)
    {
        SortedDictionary<string, (ScenarioInfo Info, Type Type)> found = new(StringComparer.Ordinal);
        foreach (Assembly assembly in assemblies)
        {
            foreach (Type type in assembly.GetTypes())
            {
                if (type.GetCustomAttribute<ScenarioAttribute>(inherit: false) is not { } attribute) continue;
                ScenarioInfo info = Describe(type, attribute);
                if (found.TryAdd(info.Name, (info, type))) continue;
                throw new InvalidOperationException(
                    $"{type} and {found[info.Name].Type} are both called '{info.Name}': give one of them another name.");
            }
        }

        return [.. found.Values.Select(static one => one.Info)];
    }

    /// <summary>
    /// Loads an assembly and finds its scenarios. What it needs is taken from beside it (its .deps.json says where), except for what this
    /// program has already: Sluice itself is always this program's.
    /// </summary>
    /// <param name="path">The assembly's file.</param>
    /// <exception cref="InvalidOperationException">It cannot be loaded, or has no scenarios; the line says why.</exception>
    public static IReadOnlyList<ScenarioInfo> Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string fullPath = Path.GetFullPath(path);
        if (!File.Exists(fullPath))
        {
            throw new InvalidOperationException($"There is no assembly '{path}': build it, and give the path of its .dll.");
        }

        try
        {
            AssemblyDependencyResolver resolver = new(fullPath);
            AssemblyLoadContext.Default.Resolving += (context, name) =>
                resolver.ResolveAssemblyToPath(name) is { } dependency ? context.LoadFromAssemblyPath(dependency) : null;
            IReadOnlyList<ScenarioInfo> scenarios = In(AssemblyLoadContext.Default.LoadFromAssemblyPath(fullPath));
            return scenarios.Count != 0
                ? scenarios
                : throw new InvalidOperationException(
                    $"{path} has no scenarios: put [Scenario(name, description)] on a class that derives from Scenario.");
        }
        catch (Exception exception) when (exception is BadImageFormatException or IOException or ReflectionTypeLoadException)
        {
            string reason = exception is ReflectionTypeLoadException { LoaderExceptions: [{ } first, ..] }
                ? first.Message
                : exception.Message;
            throw new InvalidOperationException($"{path} cannot be loaded: {reason.ReplaceLineEndings(" ")}", exception);
        }
    }

    /// <summary>Finds a scenario among several.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="scenarios">Where to look; null for those of Sluice.</param>
    /// <exception cref="KeyNotFoundException">There is none; the line lists those there are.</exception>
    public static ScenarioInfo Get(string name, IReadOnlyList<ScenarioInfo>? scenarios = null)
    {
        scenarios ??= All;
        string names = string.Join(", ", scenarios.Select(static scenario => scenario.Name));
        return scenarios.FirstOrDefault(scenario => scenario.Name == name)
            ?? throw new KeyNotFoundException($"There is no scenario '{name}'; there are: {names}.");
    }

    private static ScenarioInfo Describe(Type type, ScenarioAttribute attribute)
    {
        if (!NamePattern().IsMatch(attribute.Name))
        {
            throw new InvalidOperationException($"{type} is called '{attribute.Name}': use lower case letters, digits and hyphens.");
        }

        if (!type.IsSubclassOf(typeof(Scenario)) || type.IsAbstract)
        {
            throw new InvalidOperationException($"{type} has [Scenario] and is none: derive from Scenario.");
        }

        const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        ConstructorInfo constructor = type.GetConstructor(Instance, [])
            ?? throw new InvalidOperationException($"{type} has [Scenario] and cannot be made: give it a constructor without parameters.");
        return new ScenarioInfo(
            attribute.Name, attribute.Description, () => (Scenario)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, null, null))
        {
            Operations = attribute.Operations,
            Crashes = attribute.Crashes,
            AssemblyPath = type.Assembly == typeof(ScenarioCatalog).Assembly ? null : type.Assembly.Location,
        };
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex NamePattern();
}
