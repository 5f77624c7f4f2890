using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Plugins;

/// <summary>
/// One io_method that a host has: a plugin's file, or a method that is linked into the host. Any thread; calls that change the
/// state wait for each other. No exception of the plugin's own comes out of any member: it becomes a state and one line.
/// </summary>
/// <remarks>
/// The order of a life: <see cref="Probe"/> (if wanted), <see cref="Activate"/>, use of the method, <see cref="BeginDrain"/>,
/// the owner disposes the method and forgets it, <see cref="UnloadAsync"/>. Then it may begin again, with a file that was
/// replaced meanwhile.
/// </remarks>
public sealed partial class IoMethodPlugin
{
    private readonly Lock _gate = new();
    private readonly IIoMethodFactory? _linkedFactory;
    private readonly bool _loadsInMemory;
    private PluginLifecycle _lifecycle;
    private PluginManifest? _manifest;
    private volatile string? _reason;

    private LoadedPlugin? _loaded;
    private WeakReference? _contextReference;
    private WeakReference? _methodReference;
    private Task<bool>? _unloading;
    private IReadOnlyList<PluginResolution> _lastExplanation = [];

    private IoMethodPlugin(
        string name, string? path, PluginManifest? manifest, Version? version, bool loadsInMemory, IIoMethodFactory? linkedFactory)
    {
        Name = name;
        Path = path;
        _manifest = manifest;
        Version = version;
        _loadsInMemory = loadsInMemory;
        _linkedFactory = linkedFactory;
    }

    /// <summary>The io_method's name; of a folder or file that names none, the folder's name.</summary>
    public string Name { get; }

    /// <summary>The full path of the assembly, or of the folder in which none was found; null when linked into the host.</summary>
    public string? Path { get; }

    /// <summary>The assembly's version; null when it cannot be read.</summary>
    public Version? Version { get; private set; }

    /// <summary>The contract that it was compiled against; null when it cannot be read.</summary>
    public Version? ContractVersion => _linkedFactory is not null
        ? new Version(IoContract.Major, IoContract.Minor)
        : _manifest is { ContractMajor: >= 0, ContractMinor: >= 0 } manifest
            ? new Version(manifest.ContractMajor, manifest.ContractMinor)
            : null;

    /// <summary>Where it is in its life. May be outdated by the time it is looked at.</summary>
    public PluginState State => _lifecycle.State;

    /// <summary>One line: why it is rejected, faulted or leaked; null otherwise.</summary>
    public string? Reason => _reason;

    /// <summary>Whether it is linked into the host instead of loaded from a file.</summary>
    public bool IsLinked => _linkedFactory is not null;

    /// <summary>
    /// Says how each assembly that the plugin refers to was found. After it was unloaded: how they had been found. Empty when it
    /// was never loaded, and for a method that is linked into the host.
    /// </summary>
    public IReadOnlyList<PluginResolution> ExplainLoad()
    {
        lock (_gate) return _loaded is null ? _lastExplanation : _loaded.Log.Explain(_loaded.Main);
    }

    /// <summary>
    /// Asks the method whether it can work here and now; loads the plugin if it is not loaded. May block for a moment: the
    /// method may try real I/O. A method that is in use is available, without being asked.
    /// </summary>
    /// <param name="settings">The settings that <see cref="Activate"/> would get.</param>
    /// <returns>Available, or one line that says why not; also when the plugin is rejected or fails.</returns>
    public IoMethodAvailability Probe(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        lock (_gate)
        {
            if (State == PluginState.Active) return IoMethodAvailability.Available;
            string? obstacle = EnsureLoaded();
            return obstacle is null ? ProbeLoaded(WithDirectory(settings)) : IoMethodAvailability.Unavailable(obstacle);
        }
    }

    /// <summary>
    /// Makes the method; loads the plugin if it is not loaded. The caller owns the method, and to let the plugin be unloaded it
    /// must dispose it and forget it and everything that came from it.
    /// </summary>
    /// <param name="settings">Sizes and settings. An empty <see cref="IoMethodSettings.PluginDirectory"/> is filled in.</param>
    /// <returns>The method.</returns>
    /// <exception cref="IoMethodException">
    /// The plugin is rejected, is in use or being unloaded, failed (it is then <see cref="PluginState.Faulted"/>), or refuses to
    /// work here (it stays <see cref="PluginState.Loaded"/>). The line says which and why.
    /// </exception>
    public IoMethod Activate(IoMethodSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        lock (_gate)
        {
            if (State == PluginState.Active)
            {
                throw new IoMethodException(
                    $"io_method '{Name}' is in use: one system uses a plugin at a time. Make a catalog for each system.");
            }

            string? obstacle = EnsureLoaded();
            if (obstacle is not null) throw new IoMethodException($"io_method '{Name}' cannot be used: {obstacle}");
            obstacle = Create(WithDirectory(settings), out IoMethod? method);
            if (obstacle is not null) throw new IoMethodException($"io_method '{Name}' cannot be used: {obstacle}");
            _methodReference = new WeakReference(method);
            _lifecycle.Transition(PluginState.Active);
            _reason = null;
            return method!;
        }
    }

    /// <summary>Notes that the method gets no new I/O from now on.</summary>
    /// <exception cref="InvalidOperationException">The method is not in use.</exception>
    public void BeginDrain()
    {
        lock (_gate)
        {
            if (State == PluginState.Leaked) throw new InvalidOperationException($"A plugin that is {State} has no method to drain.");
            _lifecycle.Transition(PluginState.Draining);
        }
    }

    /// <summary>
    /// Notes that the method broke its contract while it was in use, such as by throwing. It stays loaded until it is drained and
    /// unloaded.
    /// </summary>
    /// <param name="reason">One line: what it did.</param>
    /// <exception cref="InvalidOperationException">It is rejected.</exception>
    public void MarkFaulted(string reason)
    {
        lock (_gate) Fault(PluginText.OneLine(reason));
    }

    /// <summary>The name, the state, and the reason if there is one.</summary>
    public override string ToString() => _reason is string reason ? $"{Name} ({State}: {reason})" : $"{Name} ({State})";

    internal static IoMethodPlugin Discovered(string path, PluginManifest manifest, bool loadsInMemory) =>
        new(manifest.Name, path, manifest, manifest.AssemblyVersion, loadsInMemory, linkedFactory: null);

    internal static IoMethodPlugin Rejected(string name, string path, PluginManifest? manifest, string reason)
    {
        var plugin = new IoMethodPlugin(name, path, manifest, manifest?.AssemblyVersion, loadsInMemory: false, linkedFactory: null);
        plugin.Reject(reason);
        return plugin;
    }

    internal void RejectAsDuplicate(string firstPath) =>
        Reject($"has the same name as {firstPath}: remove one of the two, {Path} or that one");

    internal static IoMethodPlugin Linked(string name, IIoMethodFactory factory)
    {
        Version? version = factory.GetType().Assembly.GetName().Version;
        var plugin = new IoMethodPlugin(name, path: null, manifest: null, version, loadsInMemory: false, factory);
        plugin._lifecycle.Transition(PluginState.Loaded);
        return plugin;
    }

    private string Reject(string reason)
    {
        _reason = reason;
        _lifecycle.Transition(PluginState.Rejected);
        PluginEventSource.Log.Failed(Name, reason);
        return $"rejected: {reason}";
    }

    private string Fault(string reason)
    {
        _lifecycle.Transition(PluginState.Faulted);
        _reason = reason;
        PluginEventSource.Log.Failed(Name, reason);
        return $"faulted: {reason}";
    }

    private IoMethodSettings WithDirectory(IoMethodSettings settings)
    {
        if (Path is null || settings.PluginDirectory.Length > 0) return settings;
        return new IoMethodSettings
        {
            ContextsMax = settings.ContextsMax,
            HandlesPerContext = settings.HandlesPerContext,
            TimeProvider = settings.TimeProvider,
            PluginDirectory = System.IO.Path.GetDirectoryName(Path)!,
            Values = settings.Values,
        };
    }

    // Not inlined, so that no reference into the plugin stays on the stack of whoever unloads it later.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private IoMethodAvailability ProbeLoaded(IoMethodSettings settings)
    {
        try
        {
            IoMethodAvailability availability = (_linkedFactory ?? _loaded!.Factory).Probe(settings);
            return availability.IsAvailable ? availability : IoMethodAvailability.Unavailable(PluginText.OneLine(availability.Reason));
        }
        catch (Exception exception)
        {
            DropReferences();
            return IoMethodAvailability.Unavailable(Fault($"its Probe threw {PluginText.Describe(exception)}"));
        }
    }

    /// <summary>Makes the method. The state stays as it is when the method refuses, and becomes faulted when the plugin fails.</summary>
    /// <returns>Null, or why not, in one line.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private string? Create(IoMethodSettings settings, out IoMethod? method)
    {
        method = null;
        try
        {
            IoMethod? made = (_linkedFactory ?? _loaded!.Factory).Create(settings);
            if (made is null)
            {
                DropReferences();
                return Fault("its factory made no method (Create returned null)");
            }

            string madeName = made.Name;
            if (madeName != Name)
            {
                made.Dispose();
                DropReferences();
                string line = PluginText.OneLine(madeName);
                return Fault($"its method is named '{line}', not '{Name}': make IoMethod.Name the name in the attribute");
            }

            method = made;
            return null;
        }
        catch (IoMethodException refusal)
        {
            // Only the text: the exception's stack trace would keep the plugin alive.
            return PluginText.OneLine(refusal.Message);
        }
        catch (Exception exception)
        {
            DropReferences();
            return Fault($"its factory threw {PluginText.Describe(exception)}");
        }
    }
}
