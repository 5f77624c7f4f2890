using System.Runtime.InteropServices;
using Sluice.Interop;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Executes requests with Linux's system calls. EINTR is tried again: the runtime suspends threads with a signal for its collections.
/// </summary>
internal sealed unsafe class LinuxExecutor : OsExecutor
{
    // Cleared when the kernel does not have the call at all. What a file's system cannot do is remembered per file.
    private volatile bool _kernelHasNoWait = true;

    internal override IoOutcome Execute(OsFile file, IoRequest request) =>
        request.OffsetBytes < 0 ? new IoOutcome(-Errno.EINVAL) : request.Operation switch
        {
            // A negative offset means "where the file stands" to some of these calls.
            IoOperation.Read => Read(file.Descriptor, request),
            IoOperation.Write => Write(file.Descriptor, request),
            IoOperation.Fsync => Retry(file.Descriptor, static descriptor => Libc.Fsync(descriptor)),
            IoOperation.Fdatasync => Retry(file.Descriptor, static descriptor => Libc.Fdatasync(descriptor)),
            IoOperation.FlushRange => FlushRange(file.Descriptor, request),
            IoOperation.Allocate => Allocate(file.Descriptor, request),
            _ => new IoOutcome(-Errno.EINVAL),
        };

    internal override bool TryExecuteWithoutBlocking(OsFile file, IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        if (request.Operation != IoOperation.Read || !request.Has(IoRequestFlags.Buffered) || !_kernelHasNoWait) return false;
        if (file.RefusesNoWait || request.OffsetBytes < 0) return false;
        while (true)
        {
            nint result = Libc.PReadV2(file.Descriptor, request.Vectors, request.VectorCount, request.OffsetBytes, Libc.RWF_NOWAIT);
            if (result >= 0)
            {
                // Less than asked may be the end of the file or the end of what is cached: only the first is an answer.
                if (result < request.LengthBytes) return false;
                outcome = new IoOutcome((int)result);
                return true;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    continue;
                case Errno.ENOSYS:
                    _kernelHasNoWait = false;
                    return false;
                case Errno.EOPNOTSUPP or Errno.EINVAL:
                    file.RefusesNoWait = true;
                    return false;
                default:
                    return false;
            }
        }
    }

    internal override int SetLength(OsFile file, long lengthBytes)
    {
        while (Libc.FTruncate(file.Descriptor, lengthBytes) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return errno;
        }

        return 0;
    }

    private static IoOutcome Read(int descriptor, IoRequest request)
    {
        while (true)
        {
            nint result = request.VectorCount == 1
                ? Libc.PRead(descriptor, request.Vectors[0].Address, request.Vectors[0].LengthBytes, request.OffsetBytes)
                : Libc.PReadV2(descriptor, request.Vectors, request.VectorCount, request.OffsetBytes, 0);
            if (result >= 0) return new IoOutcome((int)result);
            if (Marshal.GetLastPInvokeError() != Errno.EINTR) return Failed();
        }
    }

    private static IoOutcome Write(int descriptor, IoRequest request)
    {
        bool writesThrough = request.Has(IoRequestFlags.WriteThrough);
        nint result;
        while (true)
        {
            result = request.VectorCount == 1 && !writesThrough
                ? Libc.PWrite(descriptor, request.Vectors[0].Address, request.Vectors[0].LengthBytes, request.OffsetBytes)
                : Libc.PWriteV2(descriptor, request.Vectors, request.VectorCount, request.OffsetBytes, writesThrough ? Libc.RWF_DSYNC : 0);
            if (result >= 0) break;
            if (Marshal.GetLastPInvokeError() != Errno.EINTR) return Failed();
        }

        if (!request.Has(IoRequestFlags.FlushAfter) || result < request.LengthBytes) return new IoOutcome((int)result);
        IoOutcome flushed = Retry(descriptor, static descriptor => Libc.Fdatasync(descriptor));
        return flushed.Result < 0 ? flushed with { Detail = IoOutcomeDetail.FlushFailed } : new IoOutcome((int)result);
    }

    private static IoOutcome FlushRange(int descriptor, IoRequest request)
    {
        while (Libc.SyncFileRange(descriptor, request.OffsetBytes, request.LengthBytes, Libc.SYNC_FILE_RANGE_WRITE) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR) return Failed();
        }

        return default;
    }

    private static IoOutcome Allocate(int descriptor, IoRequest request)
    {
        while (Libc.FAllocate(descriptor, 0, request.OffsetBytes, request.LengthBytes) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR) return Failed();
        }

        return default;
    }

    // A static lambda is one cached delegate: nothing is allocated per call, and these calls take microseconds at least.
    private static IoOutcome Retry(int descriptor, Func<int, int> call)
    {
        while (call(descriptor) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR) return Failed();
        }

        return default;
    }
}
