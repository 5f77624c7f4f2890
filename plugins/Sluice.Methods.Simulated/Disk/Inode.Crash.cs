namespace Sluice.Methods.Simulated;

/// <summary>What a loss of power leaves of a file.</summary>
internal sealed unsafe partial class Inode
{
    private const int TornShare = 8;

    /// <summary>Nobody has it open any more.</summary>
    internal void ForgetOpeners()
    {
        OpenCount = 0;
        ExclusiveHolders = 0;
    }

    /// <summary>Decides, sector by sector, what of the changes in doubt is there. Afterwards everything is durable.</summary>
    /// <param name="random">The stream of crashes.</param>
    /// <param name="outcome">Whether each sector is decided by itself, or all are old, or all new.</param>
    internal void LosePower(SimulatedRandom random, CrashOutcome outcome)
    {
        foreach (long index in _changed)
        {
            ref Page page = ref PageAt(index);
            if (ReferenceEquals(page.Written, page.Durable))
            {
                page.IsListed = false;
                continue;
            }

            // What a failed flush dropped never gets to the disk.
            if (!page.IsDirty || outcome == CrashOutcome.AllOld) TakeOld(ref page);
            else if (outcome == CrashOutcome.AllNew) Settle(ref page);
            else Mix(ref page, random);
            page.IsDirty = false;
            page.IsListed = false;
        }

        _changed.Clear();
        LoseLength(random, outcome);
    }

    private void LoseLength(SimulatedRandom random, CrashOutcome outcome)
    {
        if (_isLengthDirty)
        {
            long old = _durableLengthBytes;
            long chosen = LengthBytes;
            if (outcome == CrashOutcome.AllOld || (outcome == CrashOutcome.Mixed && random.Chance(0.4))) chosen = old;
            else if (outcome == CrashOutcome.Mixed && chosen > old && random.Chance(0.5)) chosen = old + random.Next(chosen - old + 1);
            LengthBytes = chosen;
        }

        // Nothing beyond the length comes back when the file grows again.
        CutPages(LengthBytes, Sequence);
        foreach (long index in _changed)
        {
            ref Page page = ref PageAt(index);
            Settle(ref page);
            page.IsListed = false;
        }

        _changed.Clear();
        _durableLengthBytes = LengthBytes;
        _isLengthDirty = false;
    }

    private void Mix(ref Page page, SimulatedRandom random)
    {
        byte[] mixed = disk.Pages.Rent();
        int sectorBytes = disk.SectorBytes;
        for (int start = 0; start < Page.Bytes; start += sectorBytes)
        {
            int choice = random.Next(TornShare * 2);
            int newBytes = choice == 0 ? random.Next(sectorBytes) : choice < TornShare ? 0 : sectorBytes;
            CopyOrClear(page.Written, start, newBytes, mixed);
            CopyOrClear(page.Durable, start + newBytes, sectorBytes - newBytes, mixed);
        }

        if (page.Written is null) AddUsed(1);
        ReleaseWritten(ref page);
        disk.Pages.Return(page.Durable);
        page.Written = mixed;
        page.Durable = mixed;
    }

    private static void CopyOrClear(byte[]? source, int start, int count, byte[] target)
    {
        if (count == 0) return;
        if (source is null) target.AsSpan(start, count).Clear();
        else source.AsSpan(start, count).CopyTo(target.AsSpan(start));
    }
}
