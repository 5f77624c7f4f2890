using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Copy;

/// <summary>The line for a copy that found no room: how much is missing, if that is known.</summary>
internal static class NoRoom
{
    /// <param name="plan">The copy. What it had written was removed.</param>
    /// <param name="exception">What the system said.</param>
    internal static string Describe(CopyPlan plan, AioException exception)
    {
        long needed = Math.Min(plan.Source.LengthBytes, Math.Max(plan.Source.AllocatedBytes, 0));
        if (exception.Errno == Errno.EFBIG)
        {
            string length = ByteSize.Format(plan.Source.LengthBytes);
            return $"{plan.TargetPath} would be {length} long, more than this process or the file system there allows for one file "
                + $"(EFBIG).";
        }

        if (exception.Errno == Errno.EDQUOT)
        {
            return $"No room in {plan.TargetFolder}: the quota is used up (EDQUOT); the copy needs {ByteSize.Format(needed)}.";
        }

        try
        {
            long free = new DriveInfo(plan.TargetFolder).AvailableFreeSpace;
            string missing = needed > free
                ? $"{ByteSize.Format(needed - free)} are missing"
                : "others took it meanwhile, or it is reserved";
            return $"No room in {plan.TargetFolder} (ENOSPC): the copy needs {ByteSize.Format(needed)} and {ByteSize.Format(free)} are "
                + $"free; {missing}.";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // How much is free cannot be told there: then the line does without.
            return $"No room in {plan.TargetFolder} (ENOSPC): the copy needs {ByteSize.Format(needed)}.";
        }
    }
}
