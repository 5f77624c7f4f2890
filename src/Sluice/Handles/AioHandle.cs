using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// One I/O from acquire to reuse. Never allocated after start. Belongs to one context; between acquire and start only the flow
/// that acquired it may touch it, afterwards nobody: keep its <see cref="Reference"/>.
/// </summary>
/// <remarks>
/// Invariants, and who keeps them:
/// <list type="number">
/// <item>State first, then generation. A reader reads the state (acquire), then the generation; reclaiming raises the generation
/// before it publishes Idle (release) and resets fields after. So nobody sees Idle with a generation that is still waited for, nor
/// half-reset fields as valid.</item>
/// <item>The waiter list is closed (exchange, a full fence) before CompletedShared is published, and that publication is the last
/// touch of the completing thread: afterwards the owner may reuse the handle. Waiters are woken from the list that was taken.</item>
/// <item>Opening the list for the next I/O comes after the generation was raised. A waiter pushes (compare-exchange, a full fence
/// that pairs with the raise) and then reads the generation: if it moved, the push may have met the next I/O's list, and the
/// waiter abandons its node there.</item>
/// <item>A token carries index and generation; a completion with an old generation, or for a handle that is not submitted, is
/// counted and dropped.</item>
/// </list>
/// </remarks>
public sealed unsafe partial class AioHandle
{
    private readonly ulong* _data;
    private readonly int _vectorsMax;
    private AioHandleLifecycle _lifecycle;
    private ulong _generation = 1;
    private AioResult _result;
    private AioTargetData _target;
    private CallbackSlots _callbacks;
    private int _callbackCount;
    private int _callbackFirst;
    private int _dataCount;
    private Waiter? _waiters;
    private int _rawResult;

    internal AioHandle(AioContext context, int index, int slot, IoVector* vectors, ulong* data, int vectorsMax)
    {
        Context = context;
        Index = index;
        _data = data;
        _vectorsMax = vectorsMax;
        Request = new IoRequest(slot, vectors);
    }

    /// <summary>Where it is on its way; may be stale when read. Any thread.</summary>
    public AioHandleState State => _lifecycle.Value;

    /// <summary>Names this I/O. Take it before the start: after it only the reference is valid.</summary>
    public WaitReference Reference
    {
        get
        {
            Invariant.Check(_lifecycle.Value != AioHandleState.Idle, "A handle that is not in use has no I/O to refer to.");
            return new WaitReference(this, _generation);
        }
    }

    /// <summary>The context it belongs to.</summary>
    public AioContext Context { get; }

    /// <summary>Flags of this I/O.</summary>
    public AioHandleFlags Flags { get; private set; }

    /// <summary>What this I/O is about.</summary>
    public AioTargetData Target => _target;

    /// <summary>What this I/O does; none before the start.</summary>
    public IoOperation Operation => Request.Operation;

    /// <summary>Where in the file, in bytes.</summary>
    public long OffsetBytes => Request.OffsetBytes;

    /// <summary>How much, in bytes.</summary>
    public long LengthBytes => Request.LengthBytes;

    /// <summary>The file; null before the start. For callbacks.</summary>
    public IoFile? File => Request.File;

    /// <summary>The vectors, for callbacks that look at the memory.</summary>
    public ReadOnlySpan<IoVector> Vectors => Request.VectorSpan;

    /// <summary>Data words the upper layer gave for its callbacks: which buffers, say.</summary>
    public ReadOnlySpan<ulong> Data => new(_data, _dataCount);

    /// <summary>The most vectors, and data words, this handle can have.</summary>
    public int VectorsMax => _vectorsMax;

    internal int Index { get; }

    internal IoRequest Request { get; }

    internal AioReturn? Return { get; set; }

    internal AioScope? Scope { get; set; }

    internal AioHandle? NextInScope { get; set; }

    internal AioHandle? PreviousInScope { get; set; }

    internal AioHandle? NextCompleted { get; set; }

    internal ulong Generation => Volatile.Read(ref _generation);

    internal AioResult DistilledResult => _result;

    internal int RawResult => _rawResult;

    internal ulong Token => ((_generation & Limits.TokenGenerationMask) << Limits.TokenIndexBits) | (uint)Index;

    internal bool ExecutesInPlace => (Request.Flags & (IoRequestFlags.Synchronous | IoRequestFlags.ReferencesLocal)) != 0;

    /// <summary>Sets flags. Before the start.</summary>
    /// <param name="flags">The flags to add.</param>
    public void SetFlags(AioHandleFlags flags)
    {
        RequireHandedOut();
        Flags |= flags;
    }

    /// <summary>Gives data words for the callbacks. Before the start, once.</summary>
    /// <param name="words">At most <see cref="VectorsMax"/>; copied.</param>
    public void SetData(ReadOnlySpan<ulong> words)
    {
        RequireHandedOut();
        Invariant.Check(_dataCount == 0, "Handle data can be set once per I/O.");
        Invariant.Check(words.Length <= _vectorsMax, "More data words than the handle has room for (option VectorsPerHandle).");
        words.CopyTo(new Span<ulong>(_data, _vectorsMax));
        _dataCount = words.Length;
    }

    /// <summary>Adds a callback. Upper layers first: callbacks run last registered first. Before the start.</summary>
    /// <param name="id">The callback.</param>
    /// <param name="data">A byte handed to it.</param>
    public void RegisterCallback(AioCallbackId id, byte data = 0)
    {
        RequireHandedOut();
        Invariant.Check(id != default, "The callback is not registered: add its module to AioSystemOptions.Modules.");
        Invariant.Check(_callbackCount < Limits.CallbacksMax, "A handle has room for four callbacks.");
        _callbacks[_callbackCount++] = new CallbackSlot(id.Value, data);
    }

    /// <summary>Sets what the I/O is about. Before the start, once. Done by the generated start methods.</summary>
    /// <typeparam name="T">The kind of target.</typeparam>
    /// <param name="target">The target.</param>
    public void SetTarget<T>(in T target)
        where T : unmanaged, IAioTarget<T>
    {
        RequireHandedOut();
        Invariant.Check(AioRegistry.TargetId<T>() != default, "The target is not registered: add its module to AioSystemOptions.Modules.");
        Invariant.Check(_target.Id == default, "The target can be set once per I/O.");
        _target = AioTargetData.Pack(in target);
    }

    /// <summary>Sets the one piece of memory to read into or write from. It stays where it is until the I/O has completed.</summary>
    /// <param name="vector">The memory.</param>
    public void SetVector(IoVector vector)
    {
        RequireHandedOut();
        Request.Vectors[0] = vector;
        Request.VectorCount = 1;
    }

    /// <summary>
    /// Sets the pieces of memory to read into or write from, in order of the file. They stay where they are until the I/O has completed.
    /// </summary>
    /// <param name="vectors">1 to <see cref="VectorsMax"/>; copied.</param>
    public void SetVectors(ReadOnlySpan<IoVector> vectors)
    {
        RequireHandedOut();
        Invariant.Check(vectors.Length <= _vectorsMax, "More vectors than the handle has room for (option VectorsPerHandle).");
        vectors.CopyTo(new Span<IoVector>(Request.Vectors, _vectorsMax));
        Request.VectorCount = vectors.Length;
    }

    /// <summary>Gives the handle back unused.</summary>
    /// <exception cref="InvalidOperationException">It is not the context's handed-out handle.</exception>
    public void Release() => Context.Release(this);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RequireHandedOut() =>
        Invariant.Check(_lifecycle.Value == AioHandleState.HandedOut, "Only a handle that was acquired and not yet started can be set up.");

    private readonly record struct CallbackSlot(byte Id, byte Data);

    [InlineArray(Limits.CallbacksMax)]
    private struct CallbackSlots
    {
        private CallbackSlot _first;
    }
}
