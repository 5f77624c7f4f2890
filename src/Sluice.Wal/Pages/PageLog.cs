using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>
/// Joins a log to a buffer pool: the pool writes a page only when the log up to the page's position is durable; records about pages carry the page's image
/// when it is the first since a checkpoint began, so that a torn page can be repaired; checkpoints say where recovery begins, durably.
/// </summary>
/// <remarks>
/// <para>Made before the pool, which needs it as its <see cref="BufferPoolOptions.LogFlusher"/>; opened after.</para>
/// <para>Invariants. (a) A page is marked dirty before the record about it has its place. So a record before a checkpoint's beginning is of a page
/// that the checkpoint finds dirty. (b) A record behind a checkpoint's beginning has images of all pages that had no record behind it yet. Whoever
/// begins a checkpoint moves the guard, adds the record that it begins with, and moves the guard again; a record that got its place after the first move becomes
/// filling and is built anew with images. (c) Images are of the page before the change: replay restores and then makes the change again. A record
/// that could not be added has changed nothing.</para>
/// </remarks>
public sealed class PageLog : ILogFlusher, ICheckpointLog, ILogIoStatistics, IAsyncDisposable
{
    /// <summary>Kinds of record about pages are from here on, up to 0xFEFF.</summary>
    public const ushort KindsFrom = 0x8000;

    // How much of the log is decoded ahead of replay: enough for the pages of a few thousand records to be read meanwhile.
    private const int ReplayWindowBytes = 4 << 20;

    private readonly AioSystem _system;
    private readonly string _folder;
    private readonly DurableStateFile _control;
    private readonly LogGuard _guard = new();
    private RecoveringLog? _recovering;
    private ulong _redo;
    private LogMistakes _mistakes;

    /// <summary>Names a log; does nothing else.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="folder">The log's folder.</param>
    public PageLog(AioSystem system, string folder)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _system = system;
        _folder = folder;
        _control = new DurableStateFile(system, Path.Combine(folder, "wal.control"), copies: 2);
    }

    /// <summary>The log; null before it is opened.</summary>
    public WriteAheadLog? Log { get; private set; }

    /// <summary>How many blocks were read ahead of replay.</summary>
    internal long BlocksReadAhead { get; private set; }

    /// <summary>Where recovery would begin. Any thread.</summary>
    public LogPosition Redo => new(Volatile.Read(ref _redo));

    /// <summary>What was added with a record about pages, without the references and images before it: for the <c>Describe</c> of a kind.</summary>
    /// <param name="record">A record that <see cref="AddAsync"/> added; of a kind from <see cref="KindsFrom"/> on.</param>
    public static ReadOnlySpan<byte> PayloadOf(in LogRecord record)
    {
        ReadOnlySpan<byte> body = record.Body.Span;
        int at = 1;
        for (int index = 0; index < body[0]; index++) PageRecord.Read(body, ref at);
        return body[at..];
    }

    // None while it is not open: replay writes no log.
    IReadOnlyList<IoStatisticsRow> ILogIoStatistics.ReadIoStatistics() => Log is ILogIoStatistics log ? log.ReadIoStatistics() : [];

    /// <inheritdoc/>
    public LogPosition FlushedUpTo
    {
        get
        {
            if (Log is null && _recovering is { } recovering) return new LogPosition(recovering.Durable);
            return (_mistakes & LogMistakes.WritesPagesFirst) == 0 ? Opened.DurablePosition : Opened.InsertPosition;
        }
    }

    /// <inheritdoc/>
    public LogPosition InsertedUpTo => Opened.InsertPosition;

    private WriteAheadLog Opened => Log ?? throw new InvalidOperationException("The log of the pages is not open yet: open it before pages are written.");

    /// <summary>
    /// Opens the log, or makes one, and makes every change again that a crash may have kept from the pages. Make a checkpoint afterwards, and the
    /// next recovery is short.
    /// </summary>
    /// <param name="session">By which pages are read and changed; of the pool that this is the log of.</param>
    /// <param name="redo">Makes one change again.</param>
    /// <param name="options">The log's sizes and forms; null for the usual.</param>
    /// <param name="progress">Told how far replay has come, about once for each MiB; null for nobody.</param>
    /// <returns>How many records about pages were replayed.</returns>
    /// <exception cref="WalException">When awaited: the log cannot be opened or replayed; the line says why.</exception>
    public async Task<long> OpenAsync(BufferSession session, PageRedo redo, WalOptions? options = null, IProgress<LogPosition>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(redo);
        _mistakes = options?.Mistakes ?? LogMistakes.None;
        byte[]? control = _system.FileSystem.Exists(_folder) ? await _control.LoadAsync() : null;
        ulong from = control is null ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(control);
        Volatile.Write(ref _redo, from);

        options ??= new WalOptions();
        if (control is null)
        {
            Log = await WriteAheadLog.OpenAsync(_system, _folder, options, new WalReplay { Redo = RefuseWithoutControl });
            LogPosition first = await BeginCheckpointAsync();
            await CompleteCheckpointAsync(first);
            return 0;
        }

        LogPosition checkpoint = await CheckpointRecord.RequireAsync(_system, _folder, control);

        // What was loaded may stand in the cache only.
        await _control.SaveAsync(control);
        return await RecoverAsync(session, redo, options, new LogPosition(from), checkpoint, progress);
    }

    // Changes of pages are added when the control file is there, and it is never removed: without it nobody knows where replay begins.
    private ValueTask RefuseWithoutControl(LogRecord record) => record.Kind < KindsFrom
        ? ValueTask.CompletedTask
        : throw new WalException(
            $"The log in {_folder} has changes of pages, and its control file (wal.control.0, wal.control.1) is missing: put back one of its copies; replay cannot begin without.");

    /// <summary>As the other overload; each change is made again by the method of its record's kind.</summary>
    /// <param name="session">By which pages are read and changed; of the pool that this is the log of.</param>
    /// <param name="registry">The kinds of record that the program knows.</param>
    /// <param name="options">The log's sizes and forms; null for the usual.</param>
    /// <param name="progress">Told how far replay has come, about once for each MiB; null for nobody.</param>
    /// <returns>How many records about pages were replayed.</returns>
    /// <exception cref="WalException">When awaited: the log cannot be opened or replayed; the line says why.</exception>
    public Task<long> OpenAsync(BufferSession session, LogRecordRegistry registry, WalOptions? options = null, IProgress<LogPosition>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return OpenAsync(session, registry.RedoPage, options, progress);
    }

    /// <summary>
    /// Adds a record about pages that the caller has locked exclusively and is about to change: change them when this has completed, before they are
    /// unlocked. Their positions are set here.
    /// </summary>
    /// <param name="kind">What it is: from <see cref="KindsFrom"/> on.</param>
    /// <param name="pages">The pages, 1 to 8, pinned and locked exclusively.</param>
    /// <param name="payload">What replay needs to make the change again.</param>
    /// <returns>Where the record ends: flush up to there to commit.</returns>
    /// <exception cref="WalException">When awaited: nothing was added, and nothing may be changed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<LogPosition> AddAsync(ushort kind, ReadOnlyMemory<BufferPin> pages, ReadOnlyMemory<byte> payload)
    {
        if (kind is < KindsFrom or >= WalUnit.PaddingKind) throw new ArgumentOutOfRangeException(nameof(kind), $"Kind {kind:X4} is none of a record about pages: give one from 8000 to FEFF.");
        if (pages.Length is < 1 or > PageRecord.PagesMax) throw new ArgumentException($"A record is about 1 to {PageRecord.PagesMax} pages, not {pages.Length}.");
        WriteAheadLog log = Opened;
        foreach (BufferPin pin in pages.Span) pin.MarkDirty();
        byte[] body = ArrayPool<byte>.Shared.Rent(PageRecord.SizeOf(pages.Length, payload.Length));
        try
        {
            while (true)
            {
                // While a checkpoint begins nobody knows yet where: images of all pages are right then whatever it will be.
                long version = _guard.Version;
                ulong imagesUpTo = (version & 1) != 0 ? ulong.MaxValue : Volatile.Read(ref _redo);
                if ((_mistakes & LogMistakes.OmitsImages) != 0) imagesUpTo = 0;
                int length = PageRecord.Write(body, pages.Span, payload.Span, imagesUpTo, out int images, out int imageBytes);
                GuardedAppend append = await log.AppendGuardedAsync(kind, body.AsMemory(0, length), _guard, version);
                if (!append.IsAdded) continue;
                log.CountImages(images, imageBytes);
                foreach (BufferPin pin in pages.Span) SetPosition(pin, append.End);
                return append.End;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default) =>
        Log is null && _recovering is { } recovering ? recovering.FlushAsync(upTo, cancellationToken) : Opened.FlushBeforePagesAsync(upTo, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<LogPosition> BeginCheckpointAsync(CancellationToken cancellationToken = default)
    {
        _guard.Move();
        try
        {
            LogPosition start = await Opened.AppendMarkAsync(WalUnit.CheckpointBeginKind, ReadOnlyMemory<byte>.Empty);
            Volatile.Write(ref _redo, start.Value);
            return start;
        }
        finally
        {
            _guard.Move();
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompleteCheckpointAsync(LogPosition redo, CancellationToken cancellationToken = default)
    {
        WriteAheadLog log = Opened;
        if ((_mistakes & LogMistakes.BeginsCheckpointsLate) != 0) redo = await log.AppendMarkAsync(WalUnit.CheckpointBeginKind, ReadOnlyMemory<byte>.Empty);
        byte[] content = new byte[CheckpointRecord.ControlBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(content, redo.Value);
        LogPosition record = await log.AppendMarkAsync(WalUnit.CheckpointKind, content.AsMemory(0, CheckpointRecord.Bytes));
        await log.FlushAsync(log.InsertPosition, cancellationToken);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(CheckpointRecord.Bytes), record.Value);
        await _control.SaveAsync(content);
        await log.ReleaseBeforeAsync(redo);
    }

    /// <summary>Closes the log; makes no checkpoint.</summary>
    public ValueTask DisposeAsync() => Log?.DisposeAsync() ?? ValueTask.CompletedTask;

    // The log is read once: what is replayed meanwhile may have to be written, and that waits for its part of the log only. The last of what was decoded is
    // replayed when the log is open already and durable as a whole.
    private async Task<long> RecoverAsync(BufferSession session, PageRedo redo, WalOptions options, LogPosition from, LogPosition checkpoint, IProgress<LogPosition>? progress)
    {
        using RecoveringLog recovering = new(_system);
        PageReplay replay = new(session, redo, options.ReplayReads, Math.Min(options.ReadAheadBytes, ReplayWindowBytes), progress);
        _recovering = recovering;
        try
        {
            Log = await WriteAheadLog.OpenAsync(_system, _folder, options, new WalReplay { From = from, WholeUpTo = checkpoint, Redo = replay.AddAsync, Recovering = recovering });
            await replay.FinishAsync();
            return replay.Count;
        }
        finally
        {
            _recovering = null;
            replay.Dispose();
            BlocksReadAhead = replay.BlocksReadAhead;
        }
    }

    private static void SetPosition(BufferPin pin, LogPosition position)
    {
        PageHeader header = new(pin.Page) { LogPosition = position };
        _ = header;
    }
}
