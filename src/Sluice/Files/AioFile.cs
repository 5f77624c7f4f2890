using Sluice.Methods;

namespace Sluice;

/// <summary>
/// A real asynchronous file: reads, writes and flushes that are in flight in the kernel (or wherever the method does them), not on a
/// thread of the pool. Any thread; any number of operations at once. Allocates nothing per operation.
/// </summary>
/// <remarks>
/// Memory given to an operation stays pinned and must be left alone until the operation has completed, also when a token
/// ended the wait for it earlier. Short transfers are continued to the end. One mode, direct or buffered, per open file.
/// </remarks>
public sealed partial class AioFile : IAsyncDisposable
{
    private readonly AioSystem _system;
    private readonly GenericFileTarget _target;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AioFile(AioSystem system, IoFile file)
    {
        _system = system;
        File = file;
        _target = GenericFileTarget.For(file);
        file.AddClosedHook(_ => _released.TrySetResult());
    }

    /// <summary>The path it was opened by.</summary>
    public string Path => File.Path;

    /// <summary>The open file, for use with handles.</summary>
    public IoFile File { get; }

    /// <summary>What the file needs and can do: alignment, for one.</summary>
    public IoFileCapabilities Capabilities => File.Capabilities;

    /// <summary>Whether a flush failed once: every later operation fails. Reopen and recover.</summary>
    public bool IsPoisoned => File.IsPoisoned;

    /// <summary>Reads.</summary>
    /// <param name="buffer">Where to. For a direct file a buffer of a <see cref="BufferArena"/>, or one aligned otherwise.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="cancellationToken">Ends the wait, not the read: the buffer is the kernel's until the read has completed.</param>
    /// <returns>Bytes read; less than asked only at the end of the file.</returns>
    /// <exception cref="AioException">When awaited: the read failed.</exception>
    /// <exception cref="ArgumentException">The file is direct and address, offset or length is not aligned; the message says which and to
    /// what.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offsetBytes, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<int>(cancellationToken);
        FileOperation operation = Rent(IoOperation.Read, offsetBytes);
        operation.SetMemory(buffer.Pin(), buffer.Length);
        RequireAligned(operation, offsetBytes);
        ValueTask<int> task = operation.Int32Task;
        operation.Begin(cancellationToken);
        return task;
    }

    /// <summary>Reads into several pieces of memory, one after the other in the file.</summary>
    /// <param name="buffers">Where to.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="cancellationToken">Ends the wait, not the read.</param>
    /// <returns>Bytes read; less than asked only at the end of the file.</returns>
    /// <exception cref="AioException">When awaited: the read failed.</exception>
    /// <exception cref="ArgumentException">The file is direct and an address, the offset or a length is not aligned.</exception>
    public ValueTask<long> ReadAsync(IReadOnlyList<Memory<byte>> buffers, long offsetBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<long>(cancellationToken);
        FileOperation operation = Rent(IoOperation.Read, offsetBytes);
        try
        {
            int count = buffers.Count;
            operation.BeginMemory(count);
            for (int index = 0; index < count; index++)
            {
                Memory<byte> buffer = buffers[index];
                operation.AddMemory(buffer.Pin(), buffer.Length);
            }
        }
        catch
        {
            operation.Discard();
            throw;
        }

        RequireAligned(operation, offsetBytes);
        ValueTask<long> task = operation.Int64Task;
        operation.Begin(cancellationToken);
        return task;
    }

    /// <summary>Writes all of it.</summary>
    /// <param name="buffer">What. Left alone until the write has completed.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="durability">What completion promises.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <exception cref="AioException">When awaited: the write failed.</exception>
    /// <exception cref="ArgumentException">The file is direct and address, offset or length is not aligned.</exception>
    public ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        long offsetBytes,
        AioDurability durability = AioDurability.None,
        CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        FileOperation operation = Rent(IoOperation.Write, offsetBytes, durability: durability);
        operation.SetMemory(buffer.Pin(), buffer.Length);
        RequireAligned(operation, offsetBytes);
        ValueTask task = operation.Task;
        operation.Begin(cancellationToken);
        return task;
    }

    /// <summary>Writes all of several pieces of memory, one after the other in the file.</summary>
    /// <param name="buffers">What. Left alone until the write has completed.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="durability">What completion promises.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <exception cref="AioException">When awaited: the write failed.</exception>
    /// <exception cref="ArgumentException">The file is direct and an address, the offset or a length is not aligned.</exception>
    public ValueTask WriteAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> buffers,
        long offsetBytes,
        AioDurability durability = AioDurability.None,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        FileOperation operation = Rent(IoOperation.Write, offsetBytes, durability: durability);
        try
        {
            int count = buffers.Count;
            operation.BeginMemory(count);
            for (int index = 0; index < count; index++)
            {
                ReadOnlyMemory<byte> buffer = buffers[index];
                operation.AddMemory(buffer.Pin(), buffer.Length);
            }
        }
        catch
        {
            operation.Discard();
            throw;
        }

        RequireAligned(operation, offsetBytes);
        ValueTask task = operation.Task;
        operation.Begin(cancellationToken);
        return task;
    }

    /// <summary>
    /// Makes durable everything whose write completed before this call, and the metadata needed to read it back (fdatasync).
    /// Writes still in flight are not covered.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, not the flush.</param>
    /// <exception cref="AioException">When awaited: the flush failed, and the file is poisoned.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) =>
        BeginSimple(IoOperation.Fdatasync, 0, 0, cancellationToken);

    /// <summary>As <see cref="FlushAsync"/>, with all metadata: times and permissions as well (fsync).</summary>
    /// <param name="cancellationToken">Ends the wait, not the flush.</param>
    /// <exception cref="AioException">When awaited: the flush failed, and the file is poisoned.</exception>
    public ValueTask FlushAllAsync(CancellationToken cancellationToken = default) =>
        BeginSimple(IoOperation.Fsync, 0, 0, cancellationToken);

    /// <summary>Asks the system to begin writing back a range. A hint: nothing is durable by it.</summary>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <param name="cancellationToken">Ends the wait, not the hint.</param>
    public ValueTask StartWriteBackAsync(long offsetBytes, long lengthBytes, CancellationToken cancellationToken = default) =>
        BeginSimple(IoOperation.FlushRange, offsetBytes, lengthBytes, cancellationToken);

    /// <summary>Reserves space for a range; the length becomes at least the end of it.</summary>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <param name="cancellationToken">Ends the wait, not the reservation.</param>
    /// <exception cref="AioException">When awaited: it failed; no space, say.</exception>
    public ValueTask AllocateAsync(long offsetBytes, long lengthBytes, CancellationToken cancellationToken = default) =>
        BeginSimple(IoOperation.Allocate, offsetBytes, lengthBytes, cancellationToken);

    /// <summary>The length in bytes now.</summary>
    /// <exception cref="AioException">It cannot be told.</exception>
    public long GetLength() => File.GetLength();

    /// <summary>Cuts the file off or extends it with zeros. Not durable before a flush.</summary>
    /// <param name="lengthBytes">The new length.</param>
    /// <param name="cancellationToken">Checked before it begins.</param>
    /// <exception cref="AioException">It failed.</exception>
    public Task SetLengthAsync(long lengthBytes, CancellationToken cancellationToken = default) =>
        RunAsync(_system, () => File.SetLength(lengthBytes), cancellationToken);

    /// <summary>Refuses new operations, waits for those in flight, and closes the file. Does not flush.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Dispose();

        // Back to the loop when it is a loop's: on a pool thread the caller's next await would no longer come in the loop's order.
        await _released.Task.ConfigureAwait(continueOnCapturedContext: AioLoop.Current is not null);
    }

    private ValueTask BeginSimple(IoOperation kind, long offsetBytes, long lengthBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        FileOperation operation = Rent(kind, offsetBytes, lengthBytes);
        ValueTask task = operation.Task;
        operation.Begin(cancellationToken);
        return task;
    }

    private FileOperation Rent(IoOperation kind, long offsetBytes, long lengthBytes = 0, AioDurability durability = AioDurability.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ObjectDisposedException.ThrowIf(File.IsClosed, this);
        FileOperation operation = _system.ContextForFiles().RentOperation();
        operation.Prepare(File, _target, kind, offsetBytes, lengthBytes, durability);
        return operation;
    }

    private void RequireAligned(FileOperation operation, long offsetBytes)
    {
        if (!File.Capabilities.IsDirect) return;
        string? mistake = DirectAlignment.FindMistake(File.Capabilities, operation.Pieces, offsetBytes);
        if (mistake is null) return;
        operation.Discard();
        throw new ArgumentException($"{Path} is open for direct I/O: {mistake}");
    }
}
