namespace Ledger;

/// <summary>Making a ledger, and opening one that was killed.</summary>
internal sealed partial class LedgerEngine
{
    private const string MakingMark = "ledger.making";

    /// <summary>Opens a ledger and recovers it; or makes one, if the options say what.</summary>
    /// <param name="system">The system whose io_method does all I/O.</param>
    /// <param name="folder">Where it is.</param>
    /// <param name="options">How.</param>
    internal static async Task<LedgerEngine> OpenAsync(AioSystem system, string folder, LedgerOptions options)
    {
        DurableStateFile state = new(system, Path.Combine(folder, StateFile), copies: 2);
        byte[]? content = system.FileSystem.Exists(folder) ? await state.LoadAsync() : null;
        if (content is null && options.NewShape is null)
        {
            throw new LedgerException($"There is no ledger in {folder}: make one with 'run --dir {folder}'.");
        }

        if (content is null) PrepareFolder(system, folder);
        LedgerEngine ledger = new(system, folder, options);
        try
        {
            if (content is null) await ledger.MakeAsync(options.NewShape!, state);
            else await ledger.RecoverAsync(LedgerShape.FromBytes(content));
            return ledger;
        }
        catch
        {
            await ledger.DisposeAsync();
            throw;
        }
    }

    private static LogRecordRegistry KnownRecords()
    {
        LogRecordRegistry registry = new();
        LedgerLogRecords.AddTo(registry);
        return registry;
    }

    // What was being made when its process died is made anew from nothing; the mark says that it was a ledger in the making. Without it the
    // folders are somebody's: another program's, or those of a ledger whose state was lost.
    private static void PrepareFolder(AioSystem system, string folder)
    {
        string mark = Path.Combine(folder, MakingMark);
        foreach (string name in (string[])[DataFolder, LogFolder])
        {
            string path = Path.Combine(folder, name);
            if (!Directory.Exists(path)) continue;
            if (!File.Exists(mark))
            {
                throw new LedgerException(
                    $"{folder} has a folder '{name}' and no {StateFile}: give an empty folder, or put the file back.");
            }

            Directory.Delete(path, recursive: true);
        }

        Directory.CreateDirectory(folder);
        File.WriteAllBytes(mark, []);
        system.FileSystem.SyncDirectory(folder);
        Directory.CreateDirectory(Path.Combine(folder, DataFolder));

        // A name lasts when its folder was synced.
        system.FileSystem.SyncDirectory(system.FileSystem.DirectoryOf(folder));
        system.FileSystem.SyncDirectory(folder);
    }

    private async Task MakeAsync(LedgerShape shape, DurableStateFile state)
    {
        const int Together = 8;
        Shape = shape;
        await using BufferSession session = _pool.CreateSession("make");
        await _log.OpenAsync(session, KnownRecords(), _options.Log);
        await Relation.CreateAsync(RelationFork.Main);
        BufferPin[] pins = new BufferPin[Together];
        uint count = LedgerPages.BlockCount(shape.Accounts);
        for (uint block = 0; block < count;)
        {
            int pages = (int)Math.Min(Together, count - block);
            await session.ExtendAsync(Relation, RelationFork.Main, pins, 0, pages);
            for (int index = 0; index < pages; index++, block++)
            {
                LedgerPages.Fill(pins[index].Page, block, shape.Accounts);
                pins[index].MarkDirty();
                pins[index].Unlock(ContentLockMode.Exclusive);
                pins[index].Release();
            }
        }

        // None of this is in the log: it lasts because a checkpoint writes it all, and because the ledger counts as made only after that.
        await CheckpointAsync(isPaced: false);
        await state.SaveAsync(shape.ToBytes());
        File.Delete(Path.Combine(Folder, MakingMark));
    }

    private async Task RecoverAsync(LedgerShape shape)
    {
        Shape = shape;
        _options.Recovering?.Invoke();
        await using BufferSession session = _pool.CreateSession("recover");

        // Pages that the dead process wrote may stand in the system's cache only. Recovery takes a page that has a change for one that
        // keeps it.
        await DataDirectorySync.SyncAsync(session.Context, Folder);
        RecordsReplayed = await _log.OpenAsync(session, KnownRecords(), _options.Log, _options.Progress);

        // What recovery did is durable now, and the next one begins here.
        await CheckpointAsync(isPaced: false);
    }
}
