namespace Sluice.Methods.IoUring;

/// <summary>A system call for a ring failed. <see cref="Availability"/> makes a line for people of it.</summary>
internal sealed class RingException(string call, int errno) : Exception($"{call}: {Sluice.Errno.Describe(errno)}")
{
    /// <summary>The system call.</summary>
    internal string Call { get; } = call;

    /// <summary>The error number; positive.</summary>
    internal int Errno { get; } = errno;
}
