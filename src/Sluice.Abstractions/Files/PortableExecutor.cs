using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Executes requests with <see cref="RandomAccess"/>, where the system's vectored calls are missing (Windows, macOS). One vector at
/// a time; a write through is a write and a flush to disk.
/// </summary>
internal sealed unsafe class PortableExecutor : OsExecutor
{
    internal override IoOutcome Execute(OsFile file, IoRequest request)
    {
        try
        {
            switch (request.Operation)
            {
                case IoOperation.Read:
                    return Read(file, request);
                case IoOperation.Write:
                    return Write(file, request);
                case IoOperation.Fsync or IoOperation.Fdatasync:
                    RandomAccess.FlushToDisk(file.Handle);
                    return default;
                case IoOperation.FlushRange:
                    return default;
                case IoOperation.Allocate:
                    long end = request.OffsetBytes + request.LengthBytes;
                    if (RandomAccess.GetLength(file.Handle) < end) RandomAccess.SetLength(file.Handle, end);
                    return default;
                default:
                    return new IoOutcome(-Errno.EINVAL);
            }
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ObjectDisposedException)
        {
            return new IoOutcome(-ErrnoOf(exception));
        }
    }

    internal override int SetLength(OsFile file, long lengthBytes)
    {
        try
        {
            RandomAccess.SetLength(file.Handle, lengthBytes);
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return ErrnoOf(exception);
        }
    }

    private static IoOutcome Read(OsFile file, IoRequest request)
    {
        int total = 0;
        foreach (IoVector vector in request.VectorSpan)
        {
            int length = (int)vector.LengthBytes;
            int read = RandomAccess.Read(file.Handle, new Span<byte>((void*)vector.Address, length), request.OffsetBytes + total);
            total += read;
            if (read < length) break;
        }

        return new IoOutcome(total);
    }

    private static IoOutcome Write(OsFile file, IoRequest request)
    {
        int total = 0;
        foreach (IoVector vector in request.VectorSpan)
        {
            int length = (int)vector.LengthBytes;
            RandomAccess.Write(file.Handle, new ReadOnlySpan<byte>((void*)vector.Address, length), request.OffsetBytes + total);
            total += length;
        }

        if ((request.Flags & (IoRequestFlags.WriteThrough | IoRequestFlags.FlushAfter)) == 0) return new IoOutcome(total);
        try
        {
            RandomAccess.FlushToDisk(file.Handle);
            return new IoOutcome(total);
        }
        catch (IOException exception)
        {
            return new IoOutcome(-ErrnoOf(exception), IoOutcomeDetail.FlushFailed);
        }
    }

    // On Unix the runtime keeps the raw errno in HResult; elsewhere only the kind of the exception is left to go by.
    private static int ErrnoOf(Exception exception) => exception switch
    {
        UnauthorizedAccessException => Errno.EACCES,
        ObjectDisposedException => Errno.EBADF,
        NotSupportedException => Errno.EOPNOTSUPP,
        IOException when exception.HResult is > 0 and < 4096 => exception.HResult,
        IOException when (exception.HResult & 0xFFFF) is 0x27 or 0x70 => Errno.ENOSPC,
        _ => Errno.EIO,
    };
}
