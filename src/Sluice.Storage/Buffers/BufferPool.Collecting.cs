namespace Sluice.Storage;

/// <summary>What writers ask before they write.</summary>
public sealed partial class BufferPool
{
    /// <summary>
    /// Marks every dirty page as one that a checkpoint has to write, and lists them. Pages that become dirty later are not this checkpoint's.
    /// </summary>
    /// <param name="into">Receives them, in order of the buffers.</param>
    /// <param name="includesUnlogged">Whether relations that do not survive a crash are among them: for a clean shutdown.</param>
    public void MarkForCheckpoint(ICollection<BufferSlot> into, bool includesUnlogged = false)
    {
        ArgumentNullException.ThrowIfNull(into);
        ulong needed = BufferState.Dirty | BufferState.TagValid | (includesUnlogged ? 0 : BufferState.Permanent);
        for (int index = 0; index < Frames.Count; index++)
        {
            if ((Frames.ReadState(index) & needed) != needed) continue;

            // Under the header lock nobody gives the buffer to another page; whether it is dirty is decided by the exchange.
            ulong state = Frames.LockHeader(index);
            bool isMarked = false;
            while ((state & needed) == needed)
            {
                ulong seen = Interlocked.CompareExchange(ref Frames.StateOf(index), state | BufferState.CheckpointNeeded, state);
                isMarked = seen == state;
                if (isMarked) break;
                state = seen;
            }

            PageTag tag = isMarked ? Frames.TagOf(index) : default;
            Frames.UnlockHeader(index);
            if (isMarked) into.Add(new BufferSlot(index, tag));
        }
    }

    /// <summary>Lists dirty pages of a relation, of all its forks or of one.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork; null for all.</param>
    /// <param name="into">Receives them, in order of the buffers.</param>
    public void CollectDirty(RelationId relation, RelationFork? fork, ICollection<BufferSlot> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        const ulong Needed = BufferState.Dirty | BufferState.TagValid;
        for (int index = 0; index < Frames.Count; index++)
        {
            if ((Frames.ReadState(index) & Needed) != Needed) continue;
            ulong state = Frames.LockHeader(index);
            PageTag tag = Frames.TagOf(index);
            Frames.UnlockHeader(index);
            if ((state & Needed) == Needed && tag.Relation == relation && (fork is null || fork == tag.Fork)) into.Add(new BufferSlot(index, tag));
        }
    }
}
