using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice;

/// <summary>
/// The I/O of one host: configuration, the io_method, all contexts, buffers and statistics. Made once, used from any thread,
/// disposed last.
/// </summary>
public sealed partial class AioSystem : IAsyncDisposable, IDisposable
{
    private readonly Lock _contextsLock = new();
    private readonly AioContext?[] _contexts;
    private readonly AioContext[] _shared;
    private readonly Action<IoFile> _fileClosing;
    private readonly AioStatistics _retired = new();
    private readonly AioMeter _meter;
    private IoMethodPlugin _plugin;
    private IoMethod _method;
    private long _refusedCount;
    private long _staleCompletionCount;
    private long _callbackFaultCount;
    private long _methodFaultCount;
    private int _isDisposed;

    private AioSystem(AioSystemOptions options)
    {
        Options = options;
        _fileClosing = OnFileClosing;
        SluiceAioModule.Instance.EnsureRegistered();
        foreach (AioModule module in options.Modules) module.EnsureRegistered();
        Catalog = options.Catalog ?? Discover(options);
        _contexts = new AioContext?[options.ContextsMax];
        _plugin = Choose(options.Method);
        _method = _plugin.Activate(SettingsFor(_plugin.Name));
        int shared = options.SharedContexts == 0 ? Environment.ProcessorCount : options.SharedContexts;
        _shared = new AioContext[Math.Clamp(shared, 1, options.ContextsMax)];
        try
        {
            for (int index = 0; index < _shared.Length; index++) _shared[index] = AddContext($"shared-{index}", isShared: true);
        }
        catch
        {
            DisposeContexts();
            _method.Dispose();
            _plugin.BeginDrain();
            throw;
        }

        _meter = new AioMeter(this);
    }

    /// <summary>
    /// Raised for what a host's programmer should know. On any thread, also one that reaps: handlers must be quick and must not throw.
    /// </summary>
    public event Action<AioWarning>? Warning;

    /// <summary>How the system was made. Not to be changed.</summary>
    public AioSystemOptions Options { get; }

    /// <summary>The plugins there are, with their states.</summary>
    public IoMethodCatalog Catalog { get; }

    /// <summary>The name of the method in use.</summary>
    public string MethodName => _method.Name;

    /// <summary>What the method in use can do.</summary>
    public IoMethodCapabilities MethodCapabilities => _method.Capabilities;

    /// <summary>Why better methods were passed over when <c>auto</c> chose; one line each.</summary>
    public IReadOnlyList<string> PassedOver { get; private set; } = [];

    /// <summary>The namespace of files: the method's own, or the operating system's.</summary>
    public IoFileSystem FileSystem => _method.FileSystem ?? IoFileSystem.OperatingSystem;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider => Options.TimeProvider;

    /// <summary>Makes a system and its method.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The system; dispose it last.</returns>
    /// <exception cref="ArgumentException">The options have mistakes; the message names each.</exception>
    /// <exception cref="IoMethodException">The method cannot be found or does not work here; the message says why and what to
    /// do.</exception>
    public static AioSystem Start(AioSystemOptions? options = null)
    {
        options ??= new AioSystemOptions();
        IReadOnlyList<string> mistakes = options.Validate();
        return mistakes.Count == 0 ? new AioSystem(options) : throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
    }

    /// <summary>Makes a context for one flow of I/O. Any thread.</summary>
    /// <param name="name">Its name, for people.</param>
    /// <exception cref="InvalidOperationException">There are as many contexts as <see cref="AioSystemOptions.ContextsMax"/>
    /// allows.</exception>
    public AioContext CreateContext(string name = "context")
    {
        ThrowIfDisposed();
        return AddContext(name, isShared: false);
    }

    /// <summary>Starts a thread with a context of its own that runs asynchronous code. Any thread.</summary>
    /// <param name="name">Its name, for people.</param>
    public AioLoop CreateLoop(string name = "loop") => new(CreateContext(name), ownThread: true);

    /// <summary>
    /// Runs asynchronous code to its end on the calling thread as on a loop. Everything it awaits goes on on this thread.
    /// </summary>
    /// <param name="work">The code.</param>
    public void RunLoop(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        using AioLoop loop = new(CreateContext("loop"), ownThread: false);
        loop.RunToEnd(work);
    }

    /// <summary>What the method says of itself: what it negotiated with the system and what happened since.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> DescribeMethod() => [.. _method.Describe()];

    /// <summary>The method's own counters by name.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> ReadMethodCounters() => [.. _method.ReadCounters()];

    /// <summary>Changes a setting of the running method, if the method lets that be changed.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="IoMethodException">The method refuses; the message says why.</exception>
    public void ChangeMethodSetting(string name, string value)
    {
        if (!_method.TryChangeSetting(name, value, out string? refusal))
        {
            throw new IoMethodException(refusal ?? $"Setting '{name}' cannot be changed while the method runs.");
        }
    }

    /// <summary>
    /// What is in use at this moment, one row per handle that is not idle. No lock; rows that changed while they were read are left out.
    /// </summary>
    public IReadOnlyList<AioHandleInfo> Snapshot()
    {
        List<AioHandleInfo> rows = [];
        foreach (AioContext context in Contexts())
        {
            foreach (AioHandle handle in context.Handles)
            {
                if (handle.ReadInfo() is { } row) rows.Add(row);
            }
        }

        return rows;
    }

    /// <summary>What was done since the start.</summary>
    public AioStatistics ReadStatistics()
    {
        // Taking back what completed may start what waits for a handle, so it is not done under the lock.
        foreach (AioContext context in Contexts()) context.ReclaimForStatistics();
        AioStatistics sum = new();
        lock (_contextsLock)
        {
            _retired.AddTo(sum);
            foreach (AioContext? context in _contexts) context?.AddTo(sum);
        }

        sum.RefusedByMethod = Volatile.Read(ref _refusedCount);
        sum.StaleCompletions = Volatile.Read(ref _staleCompletionCount);
        sum.CallbackFaults = Volatile.Read(ref _callbackFaultCount);
        sum.MethodFaults = Volatile.Read(ref _methodFaultCount);
        return sum;
    }

    /// <summary>
    /// Waits for what is in flight and releases everything. Blocks. Contexts and loops that are still there are ended as if disposed by
    /// their flows.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling code runs on a loop of the system, which could then not end.</exception>
    public void Dispose()
    {
        Invariant.Check(
            !ReferenceEquals(AioLoop.Current?.Context.System, this),
            "A system cannot be disposed by code that runs on one of its loops: let the loop end first.");
        DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>
    /// Waits for what is in flight and releases everything. Contexts that are still there are ended as if disposed by their flows.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _switching.WaitAsync().ConfigureAwait(false);

        // Whoever waits for a switch finds the system disposed.
        _switching.Release();
        _meter.Dispose();

        // On a thread that may block: the contexts wait for what is in flight.
        await Task.Run(() =>
        {
            DisposeContexts();
            StopPoller();
            ReleaseMethod();
        }).ConfigureAwait(false);
        if (Options.Catalog is null) _plugin.Forget();
        else await _plugin.UnloadAsync(TimeSpan.Zero).ConfigureAwait(false);
    }

    internal AioContext? ContextById(int id) => (uint)id < (uint)_contexts.Length ? Volatile.Read(ref _contexts[id]) : null;

    /// <summary>The context through which file operations of the calling thread go.</summary>
    internal AioContext ContextForFiles()
    {
        AioLoop? loop = AioLoop.Current;
        if (loop is not null && ReferenceEquals(loop.Context.System, this)) return loop.Context;
        ThrowIfDisposed();
        return _shared[Environment.CurrentManagedThreadId % _shared.Length];
    }

    internal void Remove(AioContext context)
    {
        lock (_contextsLock)
        {
            context.AddTo(_retired);
            Volatile.Write(ref _contexts[context.Id], null);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Adopt(IoFile file)
    {
        file.AddClosingHook(_fileClosing);
        file.LastUser = this;
    }

    internal void Warn(AioContext context, string message) => Raise(new AioWarning(message, context.Name));

    internal void ReportFault(AioContext context, Exception exception, AioCallbackId callback)
    {
        Interlocked.Increment(ref _callbackFaultCount);
        Raise(
            new AioWarning(
                $"Callback {AioRegistry.NameOf(callback)} threw {exception.GetType().Name}: {exception.Message}", context.Name, exception));
    }

    internal void ReportMethodFault(Exception exception)
    {
        Interlocked.Increment(ref _methodFaultCount);
        Raise(new AioWarning($"The io_method {_method.Name} threw {exception.GetType().Name}: {exception.Message}", "", exception));
    }

    internal void CountRefused() => Interlocked.Increment(ref _refusedCount);

    internal void CountStaleCompletion() => Interlocked.Increment(ref _staleCompletionCount);

    private static IoMethodCatalog Discover(AioSystemOptions options) =>
        options.PluginDirectories.Count == 0 ? new IoMethodCatalog().Discover() : new IoMethodCatalog().Discover(options.PluginDirectories);

    [SuppressMessage("Design", "CA1031", Justification = "A handler of the host must not end a reaping thread.")]
    private void Raise(AioWarning warning)
    {
        try
        {
            Warning?.Invoke(warning);
        }
        catch (Exception)
        {
            // The rule is that handlers do not throw; there is nobody left to tell. The faults themselves are counted.
        }
    }

    private AioContext AddContext(string name, bool isShared)
    {
        lock (SwapLock)
        {
            // Again, under the lock: the disposing thread takes the list of contexts under it.
            ThrowIfDisposed();
            int id = Array.IndexOf(_contexts, null);
            if (id < 0)
            {
                Invariant.Broken($"There are {_contexts.Length} contexts already: dispose one, or raise AioSystemOptions.ContextsMax.");
            }

            AioContext context = new(this, id, Options.HandlesPerContext, Options.VectorsPerHandle, name, isShared);
            try
            {
                context.Install(_method, context.CreateMethodContext(_method));
            }
            catch
            {
                context.FreeMemory();
                throw;
            }

            lock (_contextsLock) Volatile.Write(ref _contexts[id], context);
            return context;
        }
    }

    private AioContext[] Contexts()
    {
        lock (_contextsLock) return [.. _contexts.OfType<AioContext>()];
    }

    private void DisposeContexts()
    {
        AioContext[] contexts;
        lock (SwapLock) contexts = Contexts();

        // Loops first: their code may still use files, and with them the shared contexts.
        foreach (AioContext context in contexts) context.Loop?.EndWithSystem();
        foreach (AioContext context in contexts) context.Dispose();
    }

    private void OnFileClosing(IoFile file)
    {
        try
        {
            lock (_methodLock) _method.FileClosing(file);
        }
        catch (Exception exception)
        {
            // On a reaping thread perhaps, and the file has to be closed whatever the method does.
            ReportMethodFault(exception);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
}
