using System.Diagnostics.CodeAnalysis;

namespace Sluice.Wal;

/// <summary>
/// The files of a log: which are ready to be written, which are open, and how more come to be. Finding an open file, and taking a spare one, takes a short
/// lock; making is done by one flow at a time, and so is giving up, beside it.
/// </summary>
internal sealed class LogSegments(AioSystem system, string folder, WalIdentity identity, WalOptions options)
{
    private const int FillBytes = 1 << 20;
    private const int FillsInFlight = 4;
    private const string TemporaryName = "preparing.tmp";

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SemaphoreSlim _releaseTurn = new(1, 1);
    private readonly Dictionary<ulong, AioFile> _open = [];
    private readonly Queue<string> _spare = new();
    private double _usedBetweenReleases;
    private ulong _lowestOpen;
    private IoFile? _recent;
    private ulong _recentSegment;

    /// <summary>How segments are opened to be written.</summary>
    internal IoOpenOptions OpenOptions { get; set; } = new() { Access = IoAccess.ReadWrite };

    /// <summary>The last segment, without a gap from the first, that is ready.</summary>
    internal ulong ReadyThrough { get; private set; }

    internal long Created { get; private set; }

    internal long Recycled { get; private set; }

    internal long Removed { get; private set; }

    private int SpareCount
    {
        get
        {
            lock (_lock) return _spare.Count;
        }
    }

    internal string PathOf(ulong segment) => Path.Combine(folder, SegmentName.Of(identity.Timeline, segment, identity.SegmentBytes));

    /// <summary>The open file of a segment that is ready. Only the issuer.</summary>
    internal IoFile FileOf(ulong segment)
    {
        if (_recent is { } recent && _recentSegment == segment) return recent;
        lock (_lock)
        {
            if (!_open.TryGetValue(segment, out AioFile? file)) throw new WalException($"Log segment {PathOf(segment)} is not open; this is a mistake in the log.") { IsLogFailed = true };
            _recent = file.File;
            _recentSegment = segment;
            return file.File;
        }
    }

    /// <summary>Lets the files go that are durable as a whole.</summary>
    internal void CloseBelow(ulong segment)
    {
        if (segment <= _lowestOpen) return;
        lock (_lock)
        {
            for (; _lowestOpen < segment; _lowestOpen++)
            {
                if (_open.Remove(_lowestOpen, out AioFile? file)) file.File.Dispose();
            }
        }
    }

    /// <summary>Opens what is ready already when a log is opened: the segment that goes on, and those behind it that have their whole length.</summary>
    internal async Task OpenReadyAsync(ulong first)
    {
        _lowestOpen = first;
        ReadyThrough = first - 1;
        IoFileSystem fileSystem = system.FileSystem;
        foreach (IoFileEntry entry in fileSystem.List(folder))
        {
            string path = Path.Combine(folder, entry.Name);
            if (entry.Name.StartsWith(TemporaryName, StringComparison.Ordinal)) fileSystem.Remove(path);
            else if (SegmentName.TryParse(entry.Name, identity.SegmentBytes, out uint timeline, out ulong segment)
                && timeline == identity.Timeline && segment > first && entry.LengthBytes != identity.SegmentBytes) fileSystem.Remove(path);
        }

        // A name may stand there that a crash has not made durable; so may a removal.
        fileSystem.SyncDirectory(folder);
        while (fileSystem.Exists(PathOf(ReadyThrough + 1))) await OpenAsync(ReadyThrough + 1);
    }

    /// <summary>Makes segments ready up to one, in order.</summary>
    /// <exception cref="WalException">There is no room, or it failed otherwise; those made before stay.</exception>
    internal async Task PrepareOneAsync()
    {
        await _turn.WaitAsync();
        try
        {
            ulong segment = ReadyThrough + 1;
            string path = PathOf(segment);
            try
            {
                if (TryTakeSpare(atLeast: 1, out string? spare))
                {
                    await AioFile.RenameDurableAsync(system, spare, path);
                    Recycled++;
                }
                else
                {
                    await MakeAsync(path);
                    Created++;
                }

                await OpenAsync(segment);
            }
            catch (AioException exception)
            {
                string advice = exception.Errno is Errno.ENOSPC or Errno.EDQUOT ? "free some space, or let old segments be removed; what is committed stays durable" : "see to the folder";
                throw new WalException($"The log has no segment to go on in: {exception.Message}: {advice}.", exception);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Gives up segments before one: some are kept to be used again, the others are removed. Making segments goes on meanwhile: committers may wait for it,
    /// and it has nothing to do with names that lie behind.
    /// </summary>
    /// <returns>How many were given up.</returns>
    internal async Task<int> ReleaseBelowAsync(ulong segment)
    {
        await _releaseTurn.WaitAsync();
        try
        {
            IoFileEntry[] given = [.. system.FileSystem.List(folder).Where(entry =>
                SegmentName.TryParse(entry.Name, identity.SegmentBytes, out uint timeline, out ulong number) && timeline == identity.Timeline && number < segment)];
            if (given.Length == 0) return 0;
            int keep = CountToKeep(given.Length);
            foreach (IoFileEntry entry in given)
            {
                string path = Path.Combine(folder, entry.Name);
                if (SpareCount < keep && entry.LengthBytes == identity.SegmentBytes)
                {
                    // Ready under the number that comes next: a rename makes it so, and no reader takes it for what it was.
                    string spare = Path.Combine(folder, "spare-" + entry.Name + ".tmp");
                    system.FileSystem.Rename(path, spare);
                    lock (_lock) _spare.Enqueue(spare);
                }
                else
                {
                    system.FileSystem.Remove(path);
                    Removed++;
                }
            }

            // The load has gone down: room that nobody will use is given back.
            while (TryTakeSpare(atLeast: keep + 1, out string? surplus))
            {
                system.FileSystem.Remove(surplus);
                Removed++;
            }

            system.FileSystem.SyncDirectory(folder);
            return given.Length;
        }
        finally
        {
            _releaseTurn.Release();
        }
    }

    // Whoever takes one has it for himself: to use it again, or to remove it.
    private bool TryTakeSpare(int atLeast, [NotNullWhen(true)] out string? spare)
    {
        lock (_lock)
        {
            spare = null;
            return _spare.Count >= atLeast && _spare.TryDequeue(out spare);
        }
    }

    // As many as are used until the next release, by what was used lately: up at once, because a segment that has to be made writes as much as it is
    // to hold; down slowly, because load comes in bursts. PostgreSQL estimates the distance of checkpoints so.
    private int CountToKeep(int given)
    {
        _usedBetweenReleases = given > _usedBetweenReleases ? given : (0.9 * _usedBetweenReleases) + (0.1 * given);
        return Math.Min(options.RecycledSegmentsMax, (int)Math.Ceiling(_usedBetweenReleases));
    }

    internal async Task CloseAsync()
    {
        await _turn.WaitAsync();
        await _releaseTurn.WaitAsync();
        AioFile[] files;
        lock (_lock)
        {
            files = [.. _open.Values];
            _open.Clear();
            _recent = null;
        }

        foreach (AioFile file in files) await file.DisposeAsync();
    }

    /// <summary>Takes note of spare files that an earlier process left.</summary>
    internal void FindSpare()
    {
        foreach (IoFileEntry entry in system.FileSystem.List(folder))
        {
            if (!entry.Name.StartsWith("spare-", StringComparison.Ordinal)) continue;
            string path = Path.Combine(folder, entry.Name);
            if (entry.LengthBytes == identity.SegmentBytes) _spare.Enqueue(path);
            else system.FileSystem.Remove(path);
        }
    }

    private async Task OpenAsync(ulong segment)
    {
        AioFile file = await AioFile.OpenAsync(system, PathOf(segment), OpenOptions);
        lock (_lock) _open[segment] = file;
        ReadyThrough = segment;
    }

    private async Task MakeAsync(string path)
    {
        string temporary = Path.Combine(folder, TemporaryName);
        IoOpenOptions making = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateOrTruncate, Direct = OpenOptions.Direct };
        try
        {
            AioFile file = await AioFile.OpenAsync(system, temporary, making);
            try
            {
                if (options.Fill == SegmentFill.Allocate) await file.AllocateAsync(0, identity.SegmentBytes);
                else await FillAsync(file);
                await file.FlushAllAsync();
            }
            finally
            {
                await file.DisposeAsync();
            }

            await AioFile.RenameDurableAsync(system, temporary, path);
        }
        catch (AioException)
        {
            RemoveQuietly(temporary);
            throw;
        }
    }

    private async Task FillAsync(AioFile file)
    {
        using BufferArena arena = system.CreateArena(FillBytes, 1, register: false);
        AioBuffer zeros = arena.Rent();
        zeros.Span.Clear();
        ValueTask[] writes = new ValueTask[FillsInFlight];
        Exception? failure = null;
        int count = identity.SegmentBytes / FillBytes;
        for (int index = 0; index < count + FillsInFlight; index++)
        {
            // Every write is waited for before the memory goes, also behind one that failed.
            try
            {
                await writes[index % FillsInFlight];
            }
            catch (Exception exception)
            {
                failure ??= exception;
            }

            writes[index % FillsInFlight] = index < count && failure is null ? file.WriteAsync(zeros.Memory, (long)index * FillBytes) : ValueTask.CompletedTask;
        }

        zeros.Return();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private void RemoveQuietly(string path)
    {
        try
        {
            system.FileSystem.Remove(path);
        }
        catch (AioException)
        {
            // What could not be made may not be there; the failure that led here is the one to report.
        }
    }
}
