using Sluice.Methods;

namespace Sluice;

/// <summary>Decides when a failure means that data which was accepted may be lost, so that the file can no longer be believed.</summary>
internal static class FlushFailure
{
    /// <summary>
    /// A failed flush poisons, and so does a failed durable write: the system may have taken the data, dropped it, and
    /// reported that once. Errors that say nothing was taken, or that the call itself cannot be done on this file, do not.
    /// </summary>
    internal static bool Poisons(IoRequest request, int errno, IoOutcomeDetail detail)
    {
        if (errno == 0) return false;
        if (detail == IoOutcomeDetail.FlushFailed) return true;
        if (request.Operation is IoOperation.Fsync or IoOperation.Fdatasync)
        {
            return errno is not (Errno.EBADF or Errno.EINVAL or Errno.EROFS or Errno.EOPNOTSUPP or Errno.ENOSYS);
        }

        bool isDurableWrite = request.Operation == IoOperation.Write
            && (request.Has(IoRequestFlags.WriteThrough) || request.File.Capabilities.IsDurableOnCompletion);
        return isDurableWrite && errno == Errno.EIO;
    }
}
