using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Starting an I/O: from here on the runtime keeps memory and file alive, and the handle may be reused when start returns.
/// </summary>
public sealed unsafe partial class AioHandle
{
    /// <summary>Starts a read into the vectors.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    public void StartRead(IoFile file, long offsetBytes) => StartTransfer(IoOperation.Read, file, offsetBytes, IoRequestFlags.None);

    /// <summary>Starts a write from the vectors.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="durability">What completion promises. A file that is durable on completion needs nothing more.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    public void StartWrite(IoFile file, long offsetBytes, AioDurability durability = AioDurability.None)
    {
        IoRequestFlags flags = IoRequestFlags.None;
        if (durability != AioDurability.None) flags = DurabilityFlags(file, durability);
        StartTransfer(IoOperation.Write, file, offsetBytes, flags);
    }

    /// <summary>Starts an fsync. It covers only writes that completed before.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    public void StartFsync(IoFile file) => Start(IoOperation.Fsync, file, 0, 0, IoRequestFlags.None, isEmpty: false);

    /// <summary>Starts an fdatasync. It covers only writes that completed before.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    public void StartFdatasync(IoFile file) => Start(IoOperation.Fdatasync, file, 0, 0, IoRequestFlags.None, isEmpty: false);

    /// <summary>Starts a write-back hint for a range. Promises nothing.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    public void StartFlushRange(IoFile file, long offsetBytes, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        Start(
            IoOperation.FlushRange,
            file,
            offsetBytes,
            lengthBytes,
            IoRequestFlags.None,
            isEmpty: lengthBytes == 0 || !file.Capabilities.CanFlushRange);
    }

    /// <summary>Starts reserving space for a range; the file's length becomes at least the end of it.</summary>
    /// <param name="file">The file; held until completion.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <exception cref="ObjectDisposedException">The file was disposed. The handle stays handed out.</exception>
    /// <exception cref="NotSupportedException">Its kind of file cannot. The handle stays handed out.</exception>
    public void StartAllocate(IoFile file, long offsetBytes, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        Start(IoOperation.Allocate, file, offsetBytes, lengthBytes, IoRequestFlags.None, isEmpty: lengthBytes == 0);
    }

    private static IoRequestFlags DurabilityFlags(IoFile file, AioDurability durability)
    {
        IoFileCapabilities capabilities = file.Capabilities;
        if (capabilities.IsDurableOnCompletion) return IoRequestFlags.None;
        return durability == AioDurability.WriteThrough && capabilities.CanWriteThrough
            ? IoRequestFlags.WriteThrough
            : IoRequestFlags.FlushAfter;
    }

    private void StartTransfer(IoOperation operation, IoFile file, long offsetBytes, IoRequestFlags flags)
    {
        int count = Request.VectorCount;
        Invariant.Check(count > 0, "A read or write needs memory: set a vector first.");
        nuint length = Request.Vectors[0].LengthBytes;
        for (int index = 1; index < count; index++) length += Request.Vectors[index].LengthBytes;
        if (length > (nuint)Limits.TransferBytesMax) RefuseLength(length);
        if (count > 1 && count > file.Capabilities.VectorsMax) RefuseVectors(count, file);
        Start(operation, file, offsetBytes, (long)length, flags, isEmpty: length == 0);
    }

    private void Start(IoOperation operation, IoFile file, long offsetBytes, long lengthBytes, IoRequestFlags flags, bool isEmpty)
    {
        RequireHandedOut();
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        IoFileCapabilities capabilities = file.Capabilities;
        if (operation == IoOperation.Allocate && !capabilities.CanAllocate) RefuseAllocation(file);
        if (!file.TryHold(Context.Id)) RefuseClosed(file);
        if (capabilities.DepthMax != int.MaxValue) RequireDepth(file, capabilities.DepthMax);
        Context.Adopt(file);

        IoRequest request = Request;
        request.Operation = operation;
        request.File = file;
        request.OffsetBytes = offsetBytes;
        request.LengthBytes = lengthBytes;
        if (!capabilities.IsDirect) flags |= IoRequestFlags.Buffered;
        if (Flags != AioHandleFlags.None)
        {
            if ((Flags & AioHandleFlags.Synchronous) != 0) flags |= IoRequestFlags.Synchronous;
            if ((Flags & AioHandleFlags.ReferencesLocal) != 0) flags |= IoRequestFlags.ReferencesLocal;
            if ((Flags & AioHandleFlags.Ahead) != 0) flags |= IoRequestFlags.Ahead;
        }

        request.Flags = flags;
        request.Token = Token;
        _lifecycle.Define();
        bool staged = RunStageCallbacks();
        _lifecycle.Stage();
        Context.Stage(this, staged, isEmpty);
    }

    private bool RunStageCallbacks()
    {
        _callbackFirst = 0;
        for (int index = _callbackCount - 1; index >= 0; index--)
        {
            CallbackSlot slot = _callbacks[index];
            ref readonly AioRegistry.CallbackEntry entry = ref AioRegistry.CallbackEntryOf(slot.Id);
            if (entry.Stage == null) continue;
            try
            {
                entry.Stage(this, slot.Data);
            }
            catch (Exception exception)
            {
                // Layers that staged get their completion with an error; this one and those above it never took part.
                _callbackFirst = index + 1;
                Context.ReportFault(exception, slot.Id);
                return false;
            }
        }

        return true;
    }

    private void RequireDepth(IoFile file, int depthMax)
    {
        // The hold of this I/O is counted already.
        if (file.CountHolds() <= depthMax) return;
        file.ReleaseHold(Context.Id);
        throw new InvalidOperationException($"{file.Path} takes at most {depthMax} I/Os at once: wait for one before the next is started.");
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefuseAllocation(IoFile file) =>
        throw new NotSupportedException($"Space cannot be reserved for {file.Path}: its kind of file has no such operation.");

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefuseClosed(IoFile file) =>
        throw new ObjectDisposedException(file.Path, $"{file.Path} was disposed: no I/O can be started on it.");

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefuseVectors(int count, IoFile file) =>
        throw new ArgumentException($"{file.Path} takes at most {file.Capabilities.VectorsMax} vectors per I/O; this one has {count}.");

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefuseLength(nuint length) =>
        throw new ArgumentException($"One I/O can transfer at most {Limits.TransferBytesMax} bytes; this one asks for {length}.");
}
