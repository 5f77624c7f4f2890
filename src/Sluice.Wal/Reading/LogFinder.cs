namespace Sluice.Wal;

/// <summary>Finds out which log stands in a folder, from its state or, where that is missing, from its segments.</summary>
internal static class LogFinder
{
    internal static async Task<FoundLog> FindAsync(AioSystem system, string folder)
    {
        if (!system.FileSystem.Exists(folder)) throw new WalException($"There is no folder {folder}: give the folder of a log.");
        DurableStateFile file = new(system, Path.Combine(folder, LogState.FileName), copies: 2);
        byte[]? content = await file.LoadAsync();
        if (content is not null)
        {
            LogState state = LogState.FromBytes(content);
            WalIdentity identity = new(state.SystemId, state.Timeline, state.SegmentBytes);
            return Range(system, folder, identity, state.FirstSegment) ?? throw new WalException($"The log in {folder} has no segments: they were removed. Restore them from a backup.");
        }

        foreach (IoFileEntry entry in system.FileSystem.List(folder))
        {
            if (entry.IsDirectory || entry.Name.Length != SegmentName.Length) continue;
            byte[] page = await ReadFirstPageAsync(system, Path.Combine(folder, entry.Name));
            if (WalPage.TryReadIdentity(page, out WalIdentity identity, out _) && Range(system, folder, identity, 0) is { } found) return found;
        }

        throw new WalException($"There is no log in {folder}: it has no state and no segment that begins as one.");
    }

    /// <summary>The segments without a gap from the first one that exists, not before a given one; null when there is none.</summary>
    internal static FoundLog? Range(AioSystem system, string folder, WalIdentity identity, ulong notBefore)
    {
        ulong first = ulong.MaxValue;
        HashSet<ulong> numbers = [];
        foreach (IoFileEntry entry in system.FileSystem.List(folder))
        {
            if (!SegmentName.TryParse(entry.Name, identity.SegmentBytes, out uint timeline, out ulong segment) || timeline != identity.Timeline || segment < notBefore) continue;
            numbers.Add(segment);
            first = Math.Min(first, segment);
        }

        if (numbers.Count == 0) return null;
        ulong last = first;
        while (numbers.Contains(last + 1)) last++;
        return new FoundLog(folder, identity, first, last);
    }

    private static async Task<byte[]> ReadFirstPageAsync(AioSystem system, string path)
    {
        AioFile file = await AioFile.OpenAsync(system, path);
        try
        {
            byte[] page = new byte[WalGeometry.PageBytes];
            await file.ReadAsync(page, 0);
            return page;
        }
        finally
        {
            await file.DisposeAsync();
        }
    }
}
