using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Scrutor;
using Sluice.Methods;

namespace Sluice.Hosting;

/// <summary>
/// Adds targets, callbacks and linked io_methods to the host's <see cref="AioSystem"/>, one by one or by scans. For the code that
/// sets a host up: one thread.
/// </summary>
/// <remarks>
/// A scan takes public types: the generated <see cref="AioModule"/> of an assembly, and the <see cref="IIoMethodFactory"/> that
/// the assembly's <see cref="IoMethodPluginAttribute"/> names. Both become singletons. A type that comes twice throws
/// <see cref="DuplicateTypeRegistrationException"/>: it would otherwise depend on order which one counts.
/// </remarks>
public sealed class SluiceBuilder
{
    private readonly ServiceCollection _found = [];
    private readonly List<SluiceScanEntry> _scanned = [];
    private readonly Dictionary<string, Type> _methods = new(StringComparer.Ordinal);

    internal SluiceBuilder(IServiceCollection services) => Services = services;

    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// What the scans met so far: each type, what it serves as, how long it lives, or why it was skipped; in ordinal order per scan.
    /// </summary>
    public IReadOnlyList<SluiceScanEntry> Scanned => _scanned;

    /// <summary>Adds the targets and callbacks of one assembly.</summary>
    /// <param name="module">The generated module's instance.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="DuplicateTypeRegistrationException">It was added or found before.</exception>
    public SluiceBuilder AddModule(AioModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        RefuseDuplicate(module.GetType());
        _found.AddSingleton(module.GetType(), module);
        Services.AddSingleton(module);
        return this;
    }

    /// <summary>Adds an io_method that is linked into the host. Its factory is made by the host's services.</summary>
    /// <typeparam name="TFactory">Makes the method.</typeparam>
    /// <param name="name">The io_method's name: lower-case letters, digits and underscores.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="DuplicateTypeRegistrationException">The factory was added or found before.</exception>
    /// <exception cref="ArgumentException">There is an io_method of that name.</exception>
    public SluiceBuilder AddMethod<TFactory>(string name)
        where TFactory : class, IIoMethodFactory
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        RefuseDuplicate(typeof(TFactory));
        RegisterMethod(name, ServiceDescriptor.Singleton<TFactory, TFactory>());
        _found.AddSingleton<TFactory>();
        return this;
    }

    /// <summary>Adds what the assembly of a type has.</summary>
    /// <typeparam name="T">Any type of the assembly.</typeparam>
    /// <returns>This builder.</returns>
    public SluiceBuilder ScanAssemblyOf<T>() => ScanAssemblies(typeof(T).Assembly);

    /// <summary>Adds what assemblies have.</summary>
    /// <param name="assemblies">The assemblies.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ReflectionTypeLoadException">
    /// Types of an assembly cannot be loaded. The scan would pass over them without a word.
    /// </exception>
    public SluiceBuilder ScanAssemblies(params IEnumerable<Assembly> assemblies)
    {
        Assembly[] all = [.. assemblies];
        foreach (Assembly assembly in all) _ = assembly.GetTypes();
        return Scan(scan => scan.FromAssemblies(all));
    }

    /// <summary>Adds what a scan finds; for sources that the other overloads do not have.</summary>
    /// <param name="source">
    /// Chooses assemblies or types: <c>scan => scan.FromAssemblyOf&lt;Program&gt;()</c>. Which classes,
    /// as what and how long is decided here.
    /// </param>
    /// <returns>This builder.</returns>
    /// <exception cref="DuplicateTypeRegistrationException">A type was added or found before.</exception>
    public SluiceBuilder Scan(Func<ITypeSourceSelector, IImplementationTypeSelector> source)
    {
        ArgumentNullException.ThrowIfNull(source);

        List<Type> wanted = [];
        foreach (Type type in FindCandidates(source))
        {
            string? reason = FindReasonToSkip(type);
            if (reason is null) wanted.Add(type);
            _scanned.Add(new SluiceScanEntry(type, ServiceOf(type), reason is null ? ServiceLifetime.Singleton : null, reason));
        }

        int before = _found.Count;
        _found.Scan(scan => scan.FromTypes(wanted)
            .UsingRegistrationStrategy(RegistrationStrategy.Throw)
            .AsSelf()
            .WithSingletonLifetime());
        foreach (ServiceDescriptor descriptor in _found.Skip(before)) Register(descriptor);
        return this;
    }

    // Also what is not public, so that it can be listed with the reason why it is skipped. A source of chosen types (FromTypes) registers
    // them all, without regard to the filter and once more through it: hence the filter again, and each once.
    private static IEnumerable<Type> FindCandidates(Func<ITypeSourceSelector, IImplementationTypeSelector> source)
    {
        ServiceCollection met = [];
        met.Scan(scan => source(scan)
            .AddClasses(static classes => classes.AssignableToAny(typeof(AioModule), typeof(IIoMethodFactory)), publicOnly: false)
            .UsingRegistrationStrategy(RegistrationStrategy.Append)
            .AsSelf()
            .WithSingletonLifetime());
        return met.Select(static descriptor => descriptor.ServiceType)
            .Where(static type => type.IsAssignableTo(typeof(AioModule)) || type.IsAssignableTo(typeof(IIoMethodFactory)))
            .Distinct()
            .OrderBy(static type => type.FullName, StringComparer.Ordinal);
    }

    private static Type ServiceOf(Type type) => type.IsAssignableTo(typeof(AioModule)) ? typeof(AioModule) : typeof(IIoMethodFactory);

    private static string? FindReasonToSkip(Type type)
    {
        if (!type.IsVisible) return "it is not public";
        if (ServiceOf(type) == typeof(AioModule))
        {
            return InstanceOf(type) is null ? "it has no static property Instance, as generated modules have" : null;
        }

        IoMethodPluginAttribute? attribute = type.Assembly.GetCustomAttribute<IoMethodPluginAttribute>();
        if (attribute is null) return "its assembly has no IoMethodPlugin attribute that gives its io_method a name; AddMethod does";
        return attribute.Factory == type
            ? null
            : $"its assembly's IoMethodPlugin attribute names {attribute.Factory.FullName}; AddMethod adds this one";
    }

    private static AioModule? InstanceOf(Type type) =>
        type.GetProperty("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as AioModule;

    private void Register(ServiceDescriptor descriptor)
    {
        Type type = descriptor.ServiceType;
        if (ServiceOf(type) == typeof(AioModule)) Services.AddSingleton(InstanceOf(type)!);
        else RegisterMethod(type.Assembly.GetCustomAttribute<IoMethodPluginAttribute>()!.Name, descriptor);
    }

    private void RegisterMethod(string name, ServiceDescriptor factory)
    {
        Type type = factory.ServiceType;
        if (_methods.TryGetValue(name, out Type? other))
        {
            throw new ArgumentException(
                $"The io_method '{name}' is linked twice, by {other.FullName} and by {type.FullName}: give one of them another name.");
        }

        _methods.Add(name, type);
        Services.Add(factory);
        Services.AddSingleton(services => new LinkedIoMethod(name, (IIoMethodFactory)services.GetRequiredService(type)));
    }

    private void RefuseDuplicate(Type type)
    {
        if (_found.Any(descriptor => descriptor.ServiceType == type)) throw new DuplicateTypeRegistrationException(type);
    }
}
