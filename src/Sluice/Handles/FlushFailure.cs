using Sluice.Methods;

namespace Sluice;

/// <summary>Decides when a failure means that data which was accepted may be lost, so that the file can no longer be believed.</summary>
internal static class FlushFailure
{
    /// <summary>
    /// A failed flush poisons, and so does a failed durable write: the system may have taken data, dropped it, and reported that once,
    /// under whatever number the device or the file system had for it. Only what cannot be about data does not.
    /// </summary>
    internal static bool Poisons(IoRequest request, int errno, IoOutcomeDetail detail)
    {
        if (errno == 0) return false;
        if (detail == IoOutcomeDetail.FlushFailed) return true;
        if (request.Operation is IoOperation.Fsync or IoOperation.Fdatasync) return !IsRefusedFlush(errno);
        bool isDurableWrite = request.Operation == IoOperation.Write
            && (request.Has(IoRequestFlags.WriteThrough) || request.File.Capabilities.IsDurableOnCompletion);
        return isDurableWrite && !IsRefusedWrite(errno);
    }

    // The call was no flush of this file: a descriptor that is none, a file that cannot be synced at all, a call that does not exist.
    // Not EROFS, which is what a file system says that was made read-only because of an error, nor EOPNOTSUPP or ENOSPC, which writing
    // back may have met below it.
    private static bool IsRefusedFlush(int errno) => errno is Errno.EBADF or Errno.EINVAL or Errno.ENOSYS;

    // Nothing of the write was taken, so the caller has all of it still.
    private static bool IsRefusedWrite(int errno) => IsRefusedFlush(errno)
        || errno is Errno.ENOSPC or Errno.EDQUOT or Errno.EFBIG or Errno.EOPNOTSUPP or Errno.EPERM or Errno.EACCES or Errno.EFAULT
            or Errno.EAGAIN or Errno.EINTR or Errno.ECANCELED;
}
