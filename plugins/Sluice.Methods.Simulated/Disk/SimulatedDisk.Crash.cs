namespace Sluice.Methods.Simulated;

/// <summary>Crashes.</summary>
public sealed partial class SimulatedDisk
{
    private const double OrderedShare = 0.5;

    /// <summary>
    /// Crashes now. What is in flight is partly done and completes as failed with an unknown outcome; so does everything that systems
    /// started before still ask for. They can be disposed. Afterwards start a new system on the disk. Any thread.
    /// </summary>
    /// <param name="kind">How.</param>
    public void Crash(CrashKind kind)
    {
        lock (Time.Gate) CrashNow(kind);
    }

    /// <summary>As <see cref="Crash"/>; complete when it returns.</summary>
    /// <param name="kind">How.</param>
    public ValueTask CrashAsync(CrashKind kind)
    {
        Crash(kind);
        return ValueTask.CompletedTask;
    }

    /// <summary>Lets the disk crash by itself. A crash of any kind ends the plan.</summary>
    /// <param name="plan">When and how; null for not at all.</param>
    public void PlanCrash(CrashPlan? plan)
    {
        lock (Time.Gate)
        {
            _crashPlan = plan;
            _crashAtOperation = plan?.AtOperation is { } count ? OperationCount + count : long.MaxValue;
            _crashEvent.Ticket++;
            if (plan?.After is { } span)
            {
                Time.Schedule(Time.NowNanoseconds + SimulatedTime.ToNanoseconds(span), _crashEvent, 0, _crashEvent.Ticket);
            }
        }
    }

    private bool IsCrashDue(IoRequest request, SimulatedFile file) =>
        _crashPlan is not null
        && IsCrashDue(new TraceRecord(
            Time.NowNanoseconds,
            OperationOf(request.Operation),
            file.TraceNumber,
            request.OffsetBytes,
            request.LengthBytes,
            0,
            request.Flags));

    private bool IsCrashDue(in TraceRecord upcoming) =>
        OperationCount + 1 >= _crashAtOperation || (_crashPlan?.When?.Invoke(upcoming) ?? false);

    private void CrashNow(CrashKind kind)
    {
        _crashPlan = null;
        _crashEvent.Ticket++;
        Record(kind == CrashKind.PowerLoss ? TraceOperation.PowerLoss : TraceOperation.ProcessDeath, "/", 0, 0, 0);
        foreach (SimulatedMethodContext context in _contexts) context.PerformInDoubt();
        if (kind == CrashKind.PowerLoss) LosePower();
        CrashCount++;
        foreach (SimulatedMethodContext context in _contexts) context.Abandon();
        _contexts.Clear();
        ForgetOpeners();
        Time.Pulse();
    }

    private void LosePower()
    {
        CrashOutcome outcome = _crashes.Next(10) switch { < 2 => CrashOutcome.AllOld, 2 => CrashOutcome.AllNew, _ => CrashOutcome.Mixed };
        foreach (Inode inode in _inodes) inode.LosePower(_crashes, outcome);
        LoseNames(outcome);
    }

    private void LoseNames(CrashOutcome outcome)
    {
        // A file system with one ordered journal keeps a prefix of the changes; others keep any of them.
        bool isOrdered = _crashes.Chance(OrderedShare);
        long orderedLimit = isOrdered && _nameChanges.Count > 0 ? _crashes.Next(_nameChanges.Count + 1) : 0;
        Dictionary<long, bool> decided = [];
        for (int index = 0; index < _nameChanges.Count; index++)
        {
            NameChange change = _nameChanges[index];
            if (!decided.TryGetValue(change.Group, out bool isKept))
            {
                isKept = outcome == CrashOutcome.AllNew
                    || (outcome == CrashOutcome.Mixed && (isOrdered ? index < orderedLimit : _crashes.Chance(0.5)));
                decided[change.Group] = isKept;
            }

            if (!isKept) continue;
            if (change.Target is null) change.Directory.DurableEntries.Remove(change.Name);
            else change.Directory.DurableEntries[change.Name] = change.Target;
        }

        _nameChanges.Clear();
        TakeDurableNames(_root);
    }

    private static void TakeDurableNames(Node directory)
    {
        directory.Entries = new Dictionary<string, Node>(directory.DurableEntries, StringComparer.Ordinal);
        foreach (Node entry in directory.Entries.Values)
        {
            if (entry.IsDirectory) TakeDurableNames(entry);
        }
    }

    // Files that nobody can reach any more are gone, and their space is free.
    private void ForgetOpeners()
    {
        HashSet<Inode> reached = [];
        foreach (Inode inode in _inodes)
        {
            inode.ForgetOpeners();
            inode.NameCount = 0;
        }

        CountNames(_root, reached);
        if (_nameChanges.Count == 0) _inodes.RemoveAll(inode => !reached.Contains(inode));
        FreePages = _capacityPages;
        foreach (Inode inode in reached) FreePages -= inode.UsedPages;
    }

    private static void CountNames(Node directory, HashSet<Inode> reached)
    {
        foreach (Node entry in directory.Entries.Values)
        {
            if (entry.File is null)
            {
                CountNames(entry, reached);
                continue;
            }

            entry.File.NameCount++;
            reached.Add(entry.File);
        }
    }

    private sealed class CrashEvent(SimulatedDisk disk) : EventTarget
    {
        internal long Ticket { get; set; }

        internal override void Fire(int slot, long ticket)
        {
            if (ticket == Ticket && disk._crashPlan is { } plan) disk.CrashNow(plan.Kind);
        }
    }
}
