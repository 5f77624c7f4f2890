namespace Sluice.Storage;

/// <summary>The temporary pages of one session: the same descriptors, found through a table of its own. One flow uses them.</summary>
internal sealed class LocalBuffers
{
    private readonly Dictionary<PageTag, int> _map;
    private int _hand;

    internal LocalBuffers(BufferPool pool, int count, int owner)
    {
        Frames = new BufferFrames(pool, pool.System, count, isLocal: true, register: false);
        Owner = owner;
        _map = new Dictionary<PageTag, int>(count);
    }

    internal BufferFrames Frames { get; }

    /// <summary>Whose temporary relations these are.</summary>
    internal int Owner { get; }

    /// <summary>The buffer that the search for victims looks at next.</summary>
    internal int Tick()
    {
        int index = _hand;
        _hand = _hand + 1 == Frames.Count ? 0 : _hand + 1;
        return index;
    }

    internal int Find(in PageTag tag) => _map.TryGetValue(tag, out int index) ? index : -1;

    internal unsafe void Add(in PageTag tag, int claimed, ulong flags)
    {
        TagKey key = new(in tag);
        BufferDescriptor* descriptor = Frames.Descriptors + claimed;
        descriptor->DatabaseAndNumber = key.DatabaseAndNumber;
        descriptor->TablespaceAndBlock = key.TablespaceAndBlock;
        descriptor->Fork = key.Fork;
        descriptor->Hash = key.Hash;
        descriptor->FailedWrites = 0;
        Frames.ChangeFlags(claimed, BufferState.TagValid | BufferState.UsageOne | flags, clear: 0);
        _map.Add(tag, claimed);
    }

    /// <summary>As <see cref="BufferMapping.TryRemove"/>.</summary>
    internal bool TryRemove(int index, int ownPins, bool evenDirty)
    {
        ref ulong word = ref Frames.StateOf(index);
        ulong state = word;
        if ((state & BufferState.TagValid) == 0 || BufferState.Pins(state) != ownPins) return false;
        if (!evenDirty && (state & BufferState.Dirty) != 0) return false;
        _map.Remove(Frames.TagOf(index));
        word = state & BufferState.PinMask;
        return true;
    }
}
