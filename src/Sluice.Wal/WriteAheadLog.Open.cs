using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>Making and opening a log; where it ends, and how it goes on there.</summary>
/// <remarks>
/// Going on is safe because of three steps, in this order. (1) A number that no earlier opening used is made durable: records carry it, so nothing that
/// an earlier opening left behind the end can ever be taken for a record of this one. (2) What replay relied on may stand in caches only, if a flush
/// failed before the last process died: everything behind what was certainly durable is written again and flushed. (3) A mark of this opening, which
/// names the one before, is written at the end and flushed.
/// </remarks>
public sealed partial class WriteAheadLog
{
    private const ulong FirstSegmentOfLog = 1;

    /// <summary>
    /// Opens a log, or makes one: reads it from a place on, hands its records to replay, finds its end, and goes on there. Called on an
    /// <see cref="AioLoop"/> the log belongs to that loop.
    /// </summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="folder">The log's folder, which exists if the log does.</param>
    /// <param name="options">Sizes and forms; null for the usual.</param>
    /// <param name="replay">What is done with the records found; null to look only for the end.</param>
    /// <exception cref="WalException">It cannot be opened; the line says why and what to do.</exception>
    /// <exception cref="AioException">Its files cannot be read or written.</exception>
    public static async Task<WriteAheadLog> OpenAsync(AioSystem system, string folder, WalOptions? options = null, WalReplay? replay = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new WalOptions();
        if (options.Validate() is { Count: > 0 } mistakes) throw new ArgumentException(string.Join(" ", mistakes));
        SluiceWalAioModule.Instance.EnsureRegistered();
        IoFileSystem fileSystem = system.FileSystem;
        DurableStateFile file = new(system, Path.Combine(folder, LogState.FileName), copies: 2);
        byte[]? content = fileSystem.Exists(folder) ? await file.LoadAsync() : null;
        if (content is null) await RefuseToMakeAsync(system, folder, options);
        LogState state = content is null ? NewState(system, options) : LogState.FromBytes(content);
        if (content is null)
        {
            fileSystem.CreateDirectory(folder);
            fileSystem.SyncDirectory(fileSystem.DirectoryOf(folder));
        }

        WalIdentity identity = new(state.SystemId, state.Timeline, state.SegmentBytes);
        LogEnd end = content is null
            ? new LogEnd(state.FirstSegment, new WalGeometry(state.SegmentBytes).ToStream(state.FirstSegment * (ulong)state.SegmentBytes), 0, 0, 0, null)
            : await ReplayAsync(system, folder, identity, state, options, replay);

        state = state with { Incarnation = checked(Math.Max(state.Incarnation, end.Incarnation) + 1) };
        await file.SaveAsync(state.ToBytes());
        WalSyncForm form = options.SyncForm == WalSyncForm.Auto ? await MeasureFormAsync(system, folder, options) : options.SyncForm;
        WriteAheadLog log = await StartAsync(system, folder, options, identity, state.Incarnation, form, end, replay);
        if (state.HasBegun) return log;
        try
        {
            // From here on something may be acknowledged: a log without segments is a loss then.
            await file.SaveAsync((state with { HasBegun = true }).ToBytes());
            return log;
        }
        catch
        {
            await log.CloseAsync();
            throw;
        }
    }

    private static async Task RefuseToMakeAsync(AioSystem system, string folder, WalOptions options)
    {
        if (!options.CreateIfMissing) throw new WalException($"There is no log in {folder}: give the folder of a log, or allow one to be made.");
        if (!system.FileSystem.Exists(folder)) return;
        WalIdentity identity = new(0, options.Timeline, options.SegmentBytes);
        if (LogFinder.Range(system, folder, identity, 0) is not { } found) return;
        byte[] page = new byte[WalGeometry.PageBytes];
        AioFile segment = await AioFile.OpenAsync(system, found.PathOf(found.FirstSegment));
        await segment.ReadAsync(page, 0);
        await segment.DisposeAsync();

        // A log that was being made when it was killed has segments of zeros and nothing else.
        if (!WalPage.TryReadIdentity(page, out _, out _)) return;
        throw new WalException($"{folder} has segments of a log and no {LogState.FileName}: restore that file from a backup. Without it records that were given up could come back.");
    }

    private static LogState NewState(AioSystem system, WalOptions options)
    {
        ulong systemId = options.SystemId != 0 ? options.SystemId : (ulong)system.TimeProvider.GetUtcNow().UtcTicks ^ ((ulong)system.TimeProvider.GetTimestamp() << 40);
        return new LogState(systemId, options.Timeline, options.SegmentBytes, 0, FirstSegmentOfLog, HasBegun: false);
    }

    private static async Task<LogEnd> ReplayAsync(AioSystem system, string folder, WalIdentity identity, LogState state, WalOptions options, WalReplay? replay)
    {
        long started = system.TimeProvider.GetTimestamp();
        FoundLog? found = LogFinder.Range(system, folder, identity, state.FirstSegment);
        WalGeometry geometry = new(identity.SegmentBytes);
        ulong from = replay?.From.Value ?? 0;
        if (found is null)
        {
            // Killed after the state was durable and before the first segment was: nothing was ever acknowledged.
            if (!state.HasBegun && from == 0) return new LogEnd(state.FirstSegment, geometry.ToStream(geometry.SegmentStart(state.FirstSegment)), 0, 0, 0, null);
            throw new WalException($"The log in {folder} has no segments: they were removed. Restore them from a backup.");
        }

        if (from != 0 && geometry.SegmentOf(from) < found.FirstSegment)
        {
            throw new WalException($"Replay has to begin at {replay!.From}, and the first segment there is begins at {new LogPosition(geometry.SegmentStart(found.FirstSegment))}: restore the segments before it.");
        }

        ulong begin = from != 0 ? from : geometry.SegmentStart(found.FirstSegment);
        WalReader reader = new(system, found.PathOf, identity, begin, from != 0, new WalReaderOptions { ReadAheadBytes = options.ReadAheadBytes, Direct = options.Direct ?? true, Mistakes = options.Mistakes });
        RecoveringLog? recovering = replay?.Recovering;
        recovering?.Begin(found.PathOf, identity, geometry.SegmentStart(geometry.SegmentOf(begin)));
        try
        {
            ulong told = begin;
            while (await reader.ReadAsync())
            {
                recovering?.Note(reader.Current.EndPosition.Value, reader.DurableHint);
                if (replay?.Redo is { } redo) await redo(reader.Current);
                if (replay?.Progress is not { } progress || reader.Current.EndPosition.Value < told + (1 << 20)) continue;
                told = reader.Current.EndPosition.Value;
                progress.Report(reader.Current.EndPosition);
            }

            WalEnd end = reader.End!;
            if (end.Reason == WalEndReason.ReadFailed) throw new WalException($"The log cannot be read on: {end.Explanation}. Nothing in the log was changed; see to the disk and open it again.");
            if (from != 0 && reader.RecordCount == 0) throw new WalException($"No record begins at {replay!.From}, where replay has to begin: {end.Explanation}. Restore the log from a backup.");
            ulong reached = geometry.ToEndPosition(reader.EndStream);
            if (replay is not null && reached < replay.WholeUpTo.Value)
            {
                throw new WalException(
                    $"The log in {folder} ends at {new LogPosition(reached)}, before its last checkpoint at {replay.WholeUpTo}: {end.Explanation}. It is damaged, and going on there would lose what was committed behind it: restore the log from a backup. Nothing in it was changed.");
            }

            TimeSpan elapsed = system.TimeProvider.GetElapsedTime(started);
            ulong durable = Math.Max(Math.Max(reader.DurableHint, recovering?.Durable ?? 0), geometry.SegmentStart(geometry.SegmentOf(begin)));
            WalRecovery recovery = new(new LogPosition(begin), end, reader.RecordCount, reader.BytesRead, 0, 0, elapsed);
            return new LogEnd(geometry.SegmentOf(geometry.ToPosition(reader.EndStream)), reader.EndStream, reader.Previous, reader.Incarnation, durable, recovery);
        }
        finally
        {
            await reader.DisposeAsync();
        }
    }

    private static async Task<WalSyncForm> MeasureFormAsync(AioSystem system, string folder, WalOptions options)
    {
        DurabilityProbeOptions probe = new() { Depths = [1], ReadDepths = [], Rounds = 3, Budget = TimeSpan.FromMilliseconds(400) };
        DurabilityReport report = await DurabilityProbe.MeasureAsync(system, folder, probe);

        // In the mode in which the segments will be open: which form is fastest differs between the two.
        return FormOf(report.BestForm(depth: 1, isDirect: options.Direct ?? report.DirectObstacle is null));
    }

    internal static WalSyncForm FormOf(DurableWriteForm form) => form switch
    {
        DurableWriteForm.WriteThrough => WalSyncForm.WriteDatasync,
        DurableWriteForm.FileWriteThrough => WalSyncForm.OpenDatasync,
        DurableWriteForm.LinkedFlush => WalSyncForm.LinkedFdatasync,
        _ => WalSyncForm.Fdatasync,
    };

    private static async Task<WriteAheadLog> StartAsync(
        AioSystem system, string folder, WalOptions options, WalIdentity identity, uint incarnation, WalSyncForm form, LogEnd end, WalReplay? replay)
    {
        LogSegments segments = new(system, folder, identity, options);
        WriteAheadLog? log = null;
        try
        {
            (bool direct, int alignment) = await ChooseDirectAsync(system, folder, options);
            segments.OpenOptions = new IoOpenOptions
            {
                Access = IoAccess.ReadWrite,
                Direct = direct,
                WriteThrough = form == WalSyncForm.OpenDatasync,
                WriteThroughAll = form == WalSyncForm.OpenSync,
            };
            segments.FindSpare();
            bool trustsCache = (options.Mistakes & LogMistakes.TrustsTheCache) != 0;
            long writtenAgain = trustsCache ? 0 : await LogTail.MakeDurableAsync(system, segments, identity, end, direct, alignment);
            await segments.OpenReadyAsync(end.Segment);
            while (segments.ReadyThrough < end.Segment) await segments.PrepareOneAsync();
            log = new WriteAheadLog(system, folder, options, identity, incarnation, segments, form, alignment);
            await log.GoOnAsync(end);
            WalRecovery found = end.Recovery ?? new WalRecovery(replay?.From ?? default, null, 0, 0, 0, 0, TimeSpan.Zero);
            log.Recovery = found with { Incarnation = incarnation, BytesWrittenAgain = writtenAgain };
            LogMeter.Add(log);
            return log;
        }
        catch
        {
            if (log is not null) await log.CloseAsync();
            else await segments.CloseAsync();
            throw;
        }
    }

    private static async Task<(bool Direct, int AlignmentBytes)> ChooseDirectAsync(AioSystem system, string folder, WalOptions options)
    {
        if (options.Direct == false) return (false, 1);
        string path = Path.Combine(folder, "direct.tmp");
        try
        {
            AioFile file = await AioFile.OpenAsync(system, path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateOrTruncate, Direct = true });
            int alignment = file.Capabilities.OffsetAlignmentBytes;
            await file.DisposeAsync();
            if (alignment <= WalGeometry.PageBytes) return (true, alignment);
            if (options.Direct == true) throw new WalException($"Files in {folder} need direct I/O in pieces of {alignment} bytes, and a page of the log has {WalGeometry.PageBytes}: open the log with Direct = false.");
            return (false, 1);
        }
        catch (AioException exception) when (options.Direct is null && exception.Errno is Errno.EINVAL or Errno.EOPNOTSUPP)
        {
            return (false, 1);
        }
        finally
        {
            if (system.FileSystem.Exists(path)) system.FileSystem.Remove(path);
        }
    }

    // The memory of the last page, the positions, and the mark of this opening.
    private async Task GoOnAsync(LogEnd end)
    {
        ulong position = _geometry.ToEndPosition(end.Stream);
        ulong next = _geometry.ToPosition(end.Stream);
        ulong page = WalGeometry.PageOf(next);
        bool isFresh = next - page == (ulong)_geometry.HeaderBytesOf(page);
        if (isFresh) position = page;
        _initialisedTo.Value = page;
        _headersSealedTo = page;
        if (!isFresh)
        {
            await LogTail.ReadPageAsync(_system, _segments, _geometry, page, new Memory<byte>(new byte[WalGeometry.PageBytes]), content => BeginPage(content, page, (int)(next - page)));
            _initialisedTo.Value = page + WalGeometry.PageBytes;
            _headersSealedTo = page + WalGeometry.PageBytes;
        }

        _walkStream = end.Stream;
        _published = position;
        _startedTo = position;
        _writtenTo = position;
        _reusableTo = page;
        _durable = position;
        _plainTo = position;
        _flushStartedTo = position;
        StartTail(end.Stream, end.LastRecord);
        PublishReady();
        PrepareSegments();
        _pump = PumpAsync();
        _follower = FollowWritesAsync();
        byte[] body = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(body, end.Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), _system.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds());
        await FlushAsync(await AppendInternalAsync(WalUnit.RestartKind, body));
    }

    private unsafe void BeginPage(ReadOnlyMemory<byte> content, ulong page, int validBytes)
    {
        Span<byte> memory = new(_ring + (page & _ringMask), WalGeometry.PageBytes);
        memory.Clear();
        content.Span[..validBytes].CopyTo(memory);
    }

    /// <summary>Adds a record of the log's own.</summary>
    /// <returns>Where it begins.</returns>
    internal async ValueTask<LogPosition> AppendMarkAsync(ushort kind, ReadOnlyMemory<byte> body)
    {
        ThrowIfUnusable();
        ulong size = StreamBytesOf(body.Length);
        Reservation place = await ReserveAsync(size);
        await InsertReservedAsync(kind, body, size, place);
        return new LogPosition(place.Position);
    }

    private async ValueTask<LogPosition> AppendInternalAsync(ushort kind, ReadOnlyMemory<byte> body)
    {
        ulong size = StreamBytesOf(body.Length);
        return await InsertReservedAsync(kind, body, size, await ReserveAsync(size));
    }
}
