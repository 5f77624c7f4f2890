using Sluice.Tool.Infrastructure;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Copy;

/// <summary>
/// Copies one file: a loop on one thread keeps several blocks on their way at once, each being read, then written, so that the
/// reads of some and the writes of others are in flight together. The copy is made under a temporary name in the target's folder and
/// gets its name when it is whole.
/// </summary>
internal sealed class FileCopy
{
    // Holes of less are not worth a seek of their own, and every disk's alignment divides it.
    private const int SegmentAlignmentBytes = 4096;

    private readonly AioSystem _system;
    private readonly CopyPlan _plan;
    private readonly CopyOptions _options;
    private readonly IProgress<long>? _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly SemaphoreSlim _cacheWrites = new(1, 1);
    private DataSegments _segments = null!;
    private AioFile _source = null!;
    private AioFile _target = null!;
    private long _doneBytes;
    private bool _isFailed;

    private FileCopy(AioSystem system, CopyPlan plan, CopyOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        _system = system;
        _plan = plan;
        _options = options;
        _progress = progress;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Copies. Blocks; the calling thread becomes the loop's.</summary>
    /// <param name="system">The system; its contexts have at least as many handles as the depth.</param>
    /// <param name="plan">What.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Gets the bytes done; called on the loop.</param>
    /// <param name="cancellationToken">Stops the copy; what was made is removed.</param>
    internal static CopyOutcome Run(
        AioSystem system, CopyPlan plan, CopyOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        CopyOutcome? outcome = null;
        system.RunLoop(async () => outcome = await RunAsync(system, plan, options, progress, cancellationToken));
        return outcome!;
    }

    /// <summary>Copies, on a loop that runs already, on whatever file system its method has.</summary>
    /// <param name="system">The loop's system.</param>
    /// <param name="plan">What.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Gets the bytes done; called on the loop.</param>
    /// <param name="cancellationToken">Stops the copy; what was made is removed.</param>
    internal static Task<CopyOutcome> RunAsync(
        AioSystem system, CopyPlan plan, CopyOptions options, IProgress<long>? progress, CancellationToken cancellationToken) =>
        new FileCopy(system, plan, options, progress, cancellationToken).RunAsync();

    private async Task<CopyOutcome> RunAsync()
    {
        string temporaryPath = Path.Combine(_plan.TargetFolder, _plan.TemporaryName);
        _source = await AioFile.OpenAsync(_system, _plan.SourcePath, new IoOpenOptions { Direct = _options.IsDirect }, _cancellationToken);
        try
        {
            // From here on the file may be there.
            if (ReferenceEquals(_system.FileSystem, IoFileSystem.OperatingSystem)) TemporaryFiles.Add(temporaryPath);
            _target = await CreateAsync(temporaryPath);
            long lengthBytes;
            try
            {
                lengthBytes = await CopyContentAsync();
                await FinishAsync(lengthBytes);
            }
            finally
            {
                await _target.DisposeAsync();
            }

            _cancellationToken.ThrowIfCancellationRequested();
            await NameAsync(temporaryPath);
            return new CopyOutcome(lengthBytes, _doneBytes, _plan.TargetPath, _system.MethodName);
        }
        catch (AioException exception) when (exception.Errno is Errno.ENOSPC or Errno.EDQUOT or Errno.EFBIG)
        {
            RemoveTemporary(temporaryPath);
            throw new FailureException(NoRoom.Describe(_plan, exception));
        }
        finally
        {
            RemoveTemporary(temporaryPath);
            await _source.DisposeAsync();
        }
    }

    private async Task<AioFile> CreateAsync(string temporaryPath)
    {
        IoOpenOptions create = new() { Access = IoAccess.Write, Creation = IoCreation.CreateNew, Direct = _options.IsDirect };
        try
        {
            AioFile made = await AioFile.OpenAsync(_system, temporaryPath, create, _cancellationToken);
            return _options.IsDurable && !_options.IsDirect ? await PreferDirectAsync(made, temporaryPath) : made;
        }
        catch (AioException exception) when (exception.Errno is not (Errno.EINVAL or Errno.ENOSPC or Errno.EDQUOT or Errno.EMFILE))
        {
            // The user knows the folder, and not the name that the copy has meanwhile.
            throw new FailureException($"No file can be made in the folder {_plan.TargetFolder}: {Errno.Describe(exception.Errno)}.");
        }
    }

    // What has to reach the device anyway goes there at once, where the file system can: it is not copied into the cache first, and
    // the flush in the end has nothing left to write.
    private async Task<AioFile> PreferDirectAsync(AioFile made, string temporaryPath)
    {
        try
        {
            AioFile direct = await AioFile.OpenAsync(
                _system, temporaryPath, new IoOpenOptions { Access = IoAccess.Write, Direct = true }, CancellationToken.None);
            bool isAligned = _options.BlockBytes % direct.Capabilities.OffsetAlignmentBytes == 0;
            await (isAligned ? made : direct).DisposeAsync();
            return isAligned ? direct : made;
        }
        catch (AioException)
        {
            // No direct I/O there: written through the cache it becomes durable all the same.
            return made;
        }
    }

    private async Task<long> CopyContentAsync()
    {
        int alignment = RequireAlignedBlock();
        long lengthBytes = _source.GetLength();
        if (lengthBytes == 0) await RefuseFileWithoutLengthAsync(alignment);
        await ReserveAsync(lengthBytes);
        AdviseSequential();

        _segments = new DataSegments(_source.File, lengthBytes, _options.BlockBytes, Math.Max(SegmentAlignmentBytes, alignment));
        int flowCount = (int)Math.Min(_options.Depth, (lengthBytes / _options.BlockBytes) + 1);
        using BufferArena arena = _system.CreateArena(_options.BlockBytes, flowCount);
        AioBuffer[] buffers = new AioBuffer[flowCount];
        Task[] flows = new Task[flowCount];
        for (int index = 0; index < flowCount; index++)
        {
            buffers[index] = arena.Rent();
            flows[index] = RunFlowAsync(buffers[index], alignment);
        }

        try
        {
            await Task.WhenAll(flows);
        }
        finally
        {
            // Every flow has ended and waited for its I/O: the buffers are nobody's.
            foreach (AioBuffer buffer in buffers) buffer.Return();
        }

        _cancellationToken.ThrowIfCancellationRequested();
        return lengthBytes;
    }

    private async Task RunFlowAsync(AioBuffer buffer, int alignment)
    {
        try
        {
            while (!_isFailed && !_cancellationToken.IsCancellationRequested && _segments.TryNext(out long offset, out int length))
            {
                await CopyBlockAsync(buffer, alignment, offset, length);
                _doneBytes += length;
                _progress?.Report(_doneBytes);
            }
        }
        catch
        {
            _isFailed = true;
            throw;
        }
    }

    private async ValueTask CopyBlockAsync(AioBuffer buffer, int alignment, long offset, int length)
    {
        // Tokens do not reach the I/O: a block that was begun is finished, because its buffer is the kernel's until then.
        int padded = (length + alignment - 1) / alignment * alignment;
        int read = await _source.ReadAsync(buffer.Memory[..padded], offset, CancellationToken.None);
        if (read < length)
        {
            throw new FailureException($"{_plan.SourcePath} became shorter while it was copied: copy it again when nobody writes to it.");
        }

        // The last block of a direct copy is written whole, and the file cut to its length in the end.
        if (padded > length) buffer.Span[length..padded].Clear();
        if (_target.Capabilities.IsDirect)
        {
            await _target.WriteAsync(buffer.Memory[..padded], offset, AioDurability.None, CancellationToken.None);
        }
        else await WriteThroughCacheAsync(buffer.Memory[..padded], offset);
    }

    private async ValueTask WriteThroughCacheAsync(ReadOnlyMemory<byte> memory, long offset)
    {
        // One at a time: the kernel lets one write into the cache of a file anyway, and threads that wait for its lock would spin on
        // processors that the reads need.
        await _cacheWrites.WaitAsync(CancellationToken.None);
        try
        {
            await _target.WriteAsync(memory, offset, AioDurability.None, CancellationToken.None);

            // Begun now, the writing to the device goes on beside the reads, and the flush in the end has little left to do.
            if (_options.IsDurable) await _target.StartWriteBackAsync(offset, memory.Length, CancellationToken.None);
        }
        finally
        {
            _cacheWrites.Release();
        }
    }

    private int RequireAlignedBlock()
    {
        int alignment = Math.Max(_source.Capabilities.OffsetAlignmentBytes, _target.Capabilities.OffsetAlignmentBytes);
        if (_options.BlockBytes % alignment == 0) return alignment;
        throw new UsageException(
            $"--block is {_options.BlockBytes}: direct I/O needs a multiple of {alignment} bytes between these files.");
    }

    private async Task RefuseFileWithoutLengthAsync(int alignment)
    {
        using BufferArena arena = _system.CreateArena(Math.Max(alignment, SegmentAlignmentBytes), 1, register: false);
        using AioBuffer buffer = arena.Rent();
        int read = await _source.ReadAsync(buffer.Memory, 0, CancellationToken.None);
        if (read != 0)
        {
            throw new FailureException(
                $"{_plan.SourcePath} has content but no length (a file of /proc, say): such files are not copied; use cp.");
        }
    }

    // One reservation keeps the file in few pieces, says at once when there is no room, and lets direct writes go side by side, which they
    // do not while they make a file longer. A file with holes keeps them instead.
    private async Task ReserveAsync(long lengthBytes)
    {
        if (lengthBytes == 0) return;
        bool hasHoles = _plan.Source.AllocatedBytes < lengthBytes;
        if (!hasHoles)
        {
            try
            {
                await _target.AllocateAsync(0, lengthBytes, _cancellationToken);
                return;
            }
            catch (AioException exception) when (exception.Errno is Errno.EOPNOTSUPP or Errno.EINVAL or Errno.ENOSYS)
            {
                // A file system without reservations: the length alone does for the rest.
            }
        }

        await _target.SetLengthAsync(lengthBytes, _cancellationToken);
    }

    private void AdviseSequential()
    {
        // Advice only: whatever it answers, the copy is the same.
        if (OperatingSystem.IsLinux() && !_options.IsDirect && _source.File is OsFile file)
        {
            _ = Libc.FAdvise(file.Descriptor, 0, 0, Libc.POSIX_FADV_SEQUENTIAL);
        }
    }

    private async Task FinishAsync(long lengthBytes)
    {
        if (_target.GetLength() != lengthBytes) await _target.SetLengthAsync(lengthBytes, CancellationToken.None);
        if (OperatingSystem.IsLinux() && _target.File is OsFile file && Libc.FChMod(file.Descriptor, (uint)_plan.Source.Mode) != 0)
        {
            throw new AioException(
                $"set the permissions of the copy in {_plan.TargetFolder}", System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        }

        // With all metadata: the permissions are to last as well.
        if (_options.IsDurable) await _target.FlushAllAsync(_cancellationToken);
    }

    private async Task NameAsync(string temporaryPath)
    {
        if (_options.IsDurable) await AioFile.RenameDurableAsync(_system, temporaryPath, _plan.TargetPath, CancellationToken.None);
        else if (_system.FileSystem.IsNonBlocking) _system.FileSystem.Rename(temporaryPath, _plan.TargetPath);
        else await Task.Run(() => _system.FileSystem.Rename(temporaryPath, _plan.TargetPath));
        TemporaryFiles.Forget(temporaryPath);
    }

    private void RemoveTemporary(string temporaryPath)
    {
        if (ReferenceEquals(_system.FileSystem, IoFileSystem.OperatingSystem))
        {
            TemporaryFiles.Remove(temporaryPath);
            return;
        }

        TemporaryFiles.Forget(temporaryPath);
        try
        {
            if (_system.FileSystem.Exists(temporaryPath)) _system.FileSystem.Remove(temporaryPath);
        }
        catch (AioException)
        {
            // What made the copy fail is what the user needs to know; a file that cannot be removed has the same cause.
        }
    }
}
