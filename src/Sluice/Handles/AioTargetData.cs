using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>What an I/O is about, packed: the kind of target and its identity. A value; it outlives the handle.</summary>
public readonly struct AioTargetData
{
    private readonly Room _room;

    private AioTargetData(AioTargetId id, in Room room)
    {
        Id = id;
        _room = room;
    }

    /// <summary>The kind of target; default when none was set.</summary>
    public AioTargetId Id { get; }

    /// <summary>The name of the kind of target, or <c>none</c>.</summary>
    public string Name => AioRegistry.TargetEntryOf(Id).Name;

    /// <summary>Packs a target.</summary>
    /// <typeparam name="T">Its kind.</typeparam>
    /// <param name="target">The target.</param>
    public static AioTargetData Pack<T>(in T target)
        where T : unmanaged, IAioTarget<T>
    {
        Room room = default;
        Unsafe.WriteUnaligned(ref Unsafe.As<Room, byte>(ref room), target);
        return new AioTargetData(AioRegistry.TargetId<T>(), room);
    }

    /// <summary>Unpacks the target.</summary>
    /// <typeparam name="T">Its kind.</typeparam>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public T As<T>()
        where T : unmanaged, IAioTarget<T>
    {
        Invariant.Check(Id == AioRegistry.TargetId<T>(), "The target is of another kind than the one asked for.");
        return Unsafe.ReadUnaligned<T>(ref Unsafe.As<Room, byte>(ref Unsafe.AsRef(in _room)));
    }

    /// <summary>One line for people: what the I/O is about.</summary>
    public string Describe() => AioRegistry.Describe(this);

    /// <summary>Opens the target's file again from its identity.</summary>
    /// <param name="fileSystem">The namespace to open it in.</param>
    /// <exception cref="NotSupportedException">This kind of target cannot.</exception>
    public IoFile Reopen(IoFileSystem fileSystem) => AioRegistry.Reopen(this, fileSystem);

    /// <inheritdoc/>
    public override string ToString() => Describe();

    [InlineArray(Limits.TargetBytesMax / sizeof(ulong))]
    private struct Room
    {
        private ulong _first;
    }
}
