using System.Globalization;

namespace Sluice.Methods.IoUring;

/// <summary>
/// The io_method <c>io_uring</c>: one ring per context, no threads of its own. <c>docs/mechanisms/io_uring.md</c> tells how it works.
/// </summary>
/// <remarks>
/// <c>_lock</c> guards the table of contexts and everything that goes through all of them: registrations, watching, sums. It is
/// never taken on the way of an I/O, and never while a sink runs. It may be held while memory is pinned, which takes a
/// while for large regions.
/// </remarks>
internal sealed class IoUringMethod : IoMethod
{
    /// <summary>The most requests in flight per ring: two entries for each, and a wake, fit into the kernel's largest queue.</summary>
    internal const int HandlesMax = 16_383;

    private readonly IoUringOptions _options;
    private readonly RingTraits _traits;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private readonly IoUringContext?[] _contexts;
    private readonly ReadySet _readySet;
    private readonly RegisteredBuffers _buffers = new();
    private readonly MethodCounters _gone = new();
    private bool _isDisposed;

    internal IoUringMethod(IoUringOptions options, RingTraits traits, IoMethodSettings settings)
    {
        _options = options;
        _traits = traits;
        _timeProvider = settings.TimeProvider;
        _contexts = new IoUringContext?[settings.ContextsMax];
        _readySet = new ReadySet();
    }

    /// <inheritdoc/>
    public override string Name => "io_uring";

    /// <inheritdoc/>
    public override IoMethodCapabilities Capabilities { get; } = new()
    {
        IsDriven = true,
        LinksFlush = true,
        RegistersBuffers = true,
        HandlesOsFiles = true,
        DepthMax = HandlesMax,
    };

    /// <inheritdoc/>
    public override IoMethodContext CreateContext(IoMethodContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.HandleCount > HandlesMax)
        {
            throw new IoMethodException(
                $"io_uring takes at most {HandlesMax} handles per context and {options.HandleCount} are asked for: "
                + "use fewer handles and more contexts.");
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if ((uint)options.Id >= (uint)_contexts.Length || _contexts[options.Id] is not null)
            {
                throw new IoMethodException(
                    $"Context {options.Id} exists already or is beyond the {_contexts.Length} announced: "
                    + "dispose it first, or raise ContextsMax.");
            }

            try
            {
                IoUringContext context = new(this, _options, _traits, _timeProvider, options);
                _buffers.AddAllTo(context, _contexts);
                _contexts[options.Id] = context;
                return context;
            }
            catch (RingException exception)
            {
                throw new IoMethodException(Availability.Explain(exception), exception);
            }
        }
    }

    /// <inheritdoc/>
    public override bool RegisterBuffers(nint address, nuint lengthBytes)
    {
        if (!_options.RegisteredBuffers) return false;
        lock (_lock)
        {
            return _buffers.Add(address, lengthBytes, _contexts);
        }
    }

    /// <inheritdoc/>
    public override void UnregisterBuffers(nint address)
    {
        lock (_lock)
        {
            _buffers.Remove(address, _contexts);
        }
    }

    /// <inheritdoc/>
    public override void FileClosing(IoFile file)
    {
        if (_options.RegisteredFiles == 0 || file is not OsFile osFile) return;
        lock (_lock)
        {
            foreach (IoUringContext? context in _contexts) context?.Files.Forget(osFile);
        }
    }

    /// <inheritdoc/>
    public override int WaitForReady(Span<int> readyContextIds, int timeoutMilliseconds) =>
        _readySet.Wait(readyContextIds, timeoutMilliseconds, _timeProvider);

    /// <inheritdoc/>
    public override void WakeReadyWaiter() => _readySet.Wake();

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> Describe()
    {
        MethodCounters counters = SumCounters();
        lock (_lock)
        {
            List<KeyValuePair<string, string>> lines =
            [
                new("kernel", Environment.OSVersion.Version.ToString()),
                new("features", _traits.DescribeFeatures()),
                new("set-up flags", _traits.DescribeFlags()),
                new("rings", DescribeRings()),
                new("registered buffers", DescribeBuffers(counters)),
                new("registered files", DescribeFiles(counters)),
                new("punted buffered reads", DescribePunts(counters)),
            ];
            return lines;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, long>> ReadCounters() => SumCounters().ToPairs();

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        _readySet.Dispose();
    }

    /// <summary>Watches a context or no longer.</summary>
    internal void SetWatched(IoUringContext context, bool watched)
    {
        lock (_lock)
        {
            if (_contexts[context.Id] != context) return;
            if (context.IsInReadySet)
            {
                _readySet.Change(context.Ring, context.Id, watched);
            }
            else if (watched)
            {
                // Not before it is needed: from then on the kernel tells the epoll descriptor of each completion.
                _readySet.Add(context.Ring, context.Id, isWatched: true);
                context.IsInReadySet = true;
            }
        }
    }

    /// <summary>A context is disposed: nothing here touches its ring any more when this returns.</summary>
    internal void Forget(IoUringContext context)
    {
        lock (_lock)
        {
            if (_contexts[context.Id] == context) _contexts[context.Id] = null;
            if (context.IsInReadySet && !_isDisposed) _readySet.Remove(context.Ring);
            context.IsInReadySet = false;
            context.AddTo(_gone);
        }
    }

    private MethodCounters SumCounters()
    {
        MethodCounters total = new();
        lock (_lock)
        {
            total.Add(_gone);
            foreach (IoUringContext? context in _contexts) context?.AddTo(total);
            total.BufferRefusals += _buffers.TableRefusals;
        }

        return total;
    }

    private string DescribeRings()
    {
        int count = 0;
        Ring? ring = null;
        foreach (IoUringContext? context in _contexts)
        {
            if (context is null) continue;
            count++;
            ring ??= context.Ring;
        }

        return ring is null
            ? "none yet"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{count}, each with {ring.SubmissionEntries} submission and {ring.CompletionEntries} completion entries");
    }

    private string DescribeBuffers(MethodCounters counters)
    {
        if (!_options.RegisteredBuffers) return "off (registered_buffers=false)";
        string text = string.Create(CultureInfo.InvariantCulture, $"{_buffers.Bytes} bytes, {counters.FixedTransfers} transfers used them");
        if (counters.BufferRefusals == 0) return text;
        int errno = 0;
        foreach (IoUringContext? context in _contexts)
        {
            if (context is { Buffers.LastErrno: not 0 }) errno = context.Buffers.LastErrno;
        }

        string reason = errno switch
        {
            0 => "",
            Errno.ENOMEM => $": the limit on locked memory is {Availability.DescribeLockedLimit()}, raise it "
                + "(ulimit -l, or LimitMEMLOCK= of the service)",
            _ => $": {Errno.Describe(errno)}",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{text}; {counters.BufferRefusals} registrations refused{reason}");
    }

    private string DescribeFiles(MethodCounters counters)
    {
        if (_options.RegisteredFiles == 0) return "off (registered_files=0)";
        string text = string.Create(
            CultureInfo.InvariantCulture, $"up to {_options.RegisteredFiles} per ring, {counters.FixedFileUses} uses");
        return counters.FileRefusals == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}; {counters.FileRefusals} refused");
    }

    private string DescribePunts(MethodCounters counters)
    {
        if (_options is { PuntBufferedReadsBytes: 0, PuntBufferedReadsInFlight: 0 })
        {
            return "off (punt_buffered_reads_bytes=0, punt_buffered_reads_in_flight=0)";
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{counters.Punts}; from {_options.PuntBufferedReadsBytes} bytes, with {_options.PuntBufferedReadsInFlight} in flight");
    }
}
