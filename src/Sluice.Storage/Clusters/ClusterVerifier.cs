namespace Sluice.Storage;

/// <summary>
/// Verifies every page of a data directory that is shut down, as pg_checksums does, and says which are not valid. Used once. Reading
/// and checking go on in several flows, each a loop on a thread of its own with many large reads in flight, that share the files out
/// among them in ranges; memory is bounded by <see cref="ClusterVerifierOptions.MemoryBytesMax"/>, whatever the size of the data.
/// </summary>
/// <remarks>
/// <para>A page that was never written has no checksum and must be zero all over; a page that says so and is not is reported, which
/// pg_checksums does not do (a server refuses to read it). A length that is no multiple of a block is reported, and the whole blocks
/// before it are verified; pg_checksums ends there.</para>
/// <para>A read that fails is done again block by block, so that what can be read is verified and what cannot is named.</para>
/// </remarks>
public sealed class ClusterVerifier
{
    private const int FlowsByDefaultMax = 8;

    private readonly AioSystem _system;
    private readonly string _dataDirectory;
    private readonly ClusterVerifierOptions _options;
    private readonly Lock _lock = new();
    private ControlFile? _control;
    private long _bytesTotal;
    private long _bytesDone;
    private long _blockCount;
    private long _badBlockCount;
    private int _problemCount;
    private int _hasBegun;
    private volatile bool _isStopping;

    /// <summary>Makes a verifier.</summary>
    /// <param name="system">The system that reads. Its contexts bound how many reads are in flight.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="options">How; null for the usual.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message has one line per mistake.</exception>
    public ClusterVerifier(AioSystem system, string dataDirectory, ClusterVerifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        _system = system;
        _dataDirectory = dataDirectory.Length > 1 ? dataDirectory.TrimEnd('/') : dataDirectory;
        _options = options ?? new ClusterVerifierOptions();
        IReadOnlyList<string> mistakes = _options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, mistakes), nameof(options));
    }

    /// <summary>How many bytes there are to read; 0 before they were counted. Any thread.</summary>
    public long BytesTotal => Volatile.Read(ref _bytesTotal);

    /// <summary>How many bytes were read and checked. Any thread.</summary>
    public long BytesDone => Volatile.Read(ref _bytesDone);

    internal AioSystem System => _system;

    internal ClusterVerifierOptions Options => _options;

    internal bool IsStopping => _isStopping;

    internal uint SegmentBlocks => _control!.SegmentBlocks;

    /// <summary>
    /// Checks that the directory can be verified: it is a data directory of a version that is known, with checksums, and no server
    /// uses it. Part of <see cref="VerifyAsync"/>; apart for whoever wants to know beforehand.
    /// </summary>
    /// <param name="cancellationToken">Checked before each file.</param>
    /// <returns>What its control file says.</returns>
    /// <exception cref="StorageException">It cannot be verified; one line says why, and what to do.</exception>
    /// <exception cref="AioException">A file cannot be read.</exception>
    public async Task<ControlFile> PrepareAsync(CancellationToken cancellationToken = default)
    {
        ControlFile control = await ControlFile.ReadAsync(_system, _dataDirectory, cancellationToken);
        if (!control.HasChecksums)
        {
            throw new StorageException(
                $"{_dataDirectory} has no page checksums to verify: they are off (pg_checksums --enable turns them on).");
        }

        await ServerLock.RequireStoppedAsync(_system, _dataDirectory, cancellationToken);
        if (!control.IsShutDown)
        {
            throw new StorageException(
                $"{_dataDirectory} was not shut down cleanly (its control file says {Describe(control.State)}), "
                    + "so pages may be half written: start the server, let it recover, and stop it.");
        }

        _control = control;
        return control;
    }

    /// <summary>Verifies.</summary>
    /// <param name="cancellationToken">Stops it; what is in flight is waited for.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="StorageException">The directory cannot be verified; one line says why, and what to do.</exception>
    /// <exception cref="AioException">A file that everything depends on cannot be read.</exception>
    public async Task<ClusterVerification> VerifyAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _hasBegun, 1) != 0) throw new InvalidOperationException("A verifier verifies once: make another.");
        long started = _system.TimeProvider.GetTimestamp();
        if (_control is null) await PrepareAsync(cancellationToken);
        IReadOnlyList<ClusterFile> files = await ClusterFiles.ListAsync(_system, _dataDirectory, _control!, Report, cancellationToken);
        VerifierRanges ranges = new(files);
        Volatile.Write(ref _bytesTotal, ranges.BytesTotal);
        foreach (ClusterFile file in files)
        {
            long rest = file.LengthBytes % StorageLimits.PageBytes;
            if (rest != 0)
            {
                Report(new ClusterProblem(
                    file.Path,
                    $"its length of {file.LengthBytes} bytes is no multiple of {StorageLimits.PageBytes}: "
                        + $"the last {rest} bytes are no whole block, and were not verified"));
            }
        }

        using (cancellationToken.Register(static state => ((ClusterVerifier)state!)._isStopping = true, this)) await RunFlowsAsync(ranges);
        cancellationToken.ThrowIfCancellationRequested();
        return new ClusterVerification(
            files.Count - ranges.UnopenedCount, _blockCount, _badBlockCount, _problemCount, _bytesDone,
                _system.TimeProvider.GetElapsedTime(started));
    }

    internal void CountBlocks(int blocks)
    {
        Interlocked.Add(ref _blockCount, blocks);
        CountBytes((long)blocks * StorageLimits.PageBytes);
    }

    /// <summary>Bytes that need not be read any more, or cannot be, are done as well: the progress ends at the end.</summary>
    internal void CountBytes(long bytes) => Interlocked.Add(ref _bytesDone, bytes);

    internal void Report(BadBlock block)
    {
        lock (_lock)
        {
            _badBlockCount++;
            _options.OnBadBlock?.Invoke(block);
        }
    }

    internal void Report(ClusterProblem problem)
    {
        lock (_lock)
        {
            _problemCount++;
            _options.OnProblem?.Invoke(problem);
        }
    }

    internal string PathOf(ClusterFile file) => $"{_dataDirectory}/{file.Path}";

    private async Task RunFlowsAsync(VerifierRanges ranges)
    {
        // On a loop it runs there: the loop's caller chose one thread, and the order that comes with it.
        if (AioLoop.Current is { } current && ReferenceEquals(current.Context.System, _system))
        {
            await new VerifierFlow(this, ranges, current.Context, flows: 1, ownsThread: false).RunAsync();
            return;
        }

        int count = _options.Flows != 0 ? _options.Flows : Math.Clamp(Environment.ProcessorCount, 1, FlowsByDefaultMax);
        List<AioLoop> loops = [];
        try
        {
            Task[] flows = new Task[count];
            for (int index = 0; index < count; index++)
            {
                AioLoop loop = _system.CreateLoop($"verify {index + 1}");
                loops.Add(loop);
            }

            for (int index = 0; index < count; index++)
            {
                AioLoop loop = loops[index];
                flows[index] = loop.InvokeAsync(() => RunFlowAsync(new VerifierFlow(this, ranges, loop.Context, count, ownsThread: true)));
            }

            await Task.WhenAll(flows);
        }
        finally
        {
            await Task.Run(() =>
            {
                foreach (AioLoop loop in loops) loop.Dispose();
            });
        }
    }

    private async Task RunFlowAsync(VerifierFlow flow)
    {
        try
        {
            await flow.RunAsync();
        }
        catch
        {
            // One flow's failure ends the others at their next read.
            _isStopping = true;
            throw;
        }
    }

    private static string Describe(ClusterState state) => state switch
    {
        ClusterState.Starting => "'starting up'",
        ClusterState.ShuttingDown => "'shutting down'",
        ClusterState.InCrashRecovery => "'in crash recovery'",
        ClusterState.InArchiveRecovery => "'in archive recovery'",
        ClusterState.InProduction => "'in production'",
        _ => $"state {(int)state}",
    };
}
