namespace Sluice.TempFiles;

/// <summary>
/// Judges what became of an I/O on a temporary file: what was written is there, and a full disk is told from a broken one.
/// </summary>
[AioCallback("temporary file check")]
internal static partial class BufFileCheck
{
    // Not an errno: nothing was there where something had been written.
    private const ulong CutOff = ulong.MaxValue;

    internal static bool IsNoRoom(AioResult result) => result.Judge == Id && result.Detail is Errno.ENOSPC or Errno.EDQUOT or Errno.EFBIG;

    // On whichever thread reaps. A short transfer stays partial: the issuer goes on with the rest.
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        if (prior.Status == AioStatus.Error)
        {
            bool isNoRoom = prior.Judge == default && prior.Detail is Errno.ENOSPC or Errno.EDQUOT or Errno.EFBIG;
            return isNoRoom ? prior.JudgedBy(Id, AioStatus.Error, value: 0, prior.Detail) : prior;
        }

        bool isNothing = prior.Value == 0 && handle.LengthBytes != 0 && handle.Operation is IoOperation.Read or IoOperation.Write;
        return isNothing ? prior.JudgedBy(Id, AioStatus.Error, value: 0, CutOff) : prior;
    }

    private static string Report(AioResult result, AioTargetData target) => result.Detail == CutOff
        ? "nothing could be transferred where the file has data: something cut it off, or it was read before it was written"
        : $"there is no room ({Errno.Name((int)result.Detail)}); free some, or name another directory for temporary files";
}
