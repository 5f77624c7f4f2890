using System.Runtime.InteropServices;

namespace Sluice;

/// <summary>Error numbers of the operating system (Linux numbering) by name; for results, messages and plugins.</summary>
public static class Errno
{
#pragma warning disable CS1591 // The names are the system's own; errno(3) explains them.
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int EROFS = 30;
    public const int ENOSYS = 38;
    public const int ENOTEMPTY = 39;
    public const int ETIME = 62;
    public const int EOPNOTSUPP = 95;
    public const int ETIMEDOUT = 110;
    public const int EDQUOT = 122;
    public const int ECANCELED = 125;
#pragma warning restore CS1591

    private static readonly string?[] s_names =
    [
        null, "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN", "ENOMEM", "EACCES",
        "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY",
        "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE", "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS",
        "ENOTEMPTY", "ELOOP",
    ];

    /// <summary>The name of an error number: <c>ENOSPC</c>; <c>errno 200</c> for one without a name here.</summary>
    /// <param name="errno">The error number; positive.</param>
    public static string Name(int errno)
    {
        string? name = (uint)errno < (uint)s_names.Length ? s_names[errno] : null;
        return name ?? errno switch
        {
            ETIME => "ETIME",
            75 => "EOVERFLOW",
            EOPNOTSUPP => "EOPNOTSUPP",
            ETIMEDOUT => "ETIMEDOUT",
            EDQUOT => "EDQUOT",
            ECANCELED => "ECANCELED",
            116 => "ESTALE",
            121 => "EREMOTEIO",
            _ => $"errno {errno.ToString(System.Globalization.CultureInfo.InvariantCulture)}",
        };
    }

    /// <summary>The system's sentence for an error number with its name: <c>No space left on device (ENOSPC)</c>.</summary>
    /// <param name="errno">The error number; positive.</param>
    public static string Describe(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)} ({Name(errno)})";
}
