namespace Sluice;

/// <summary>Details of results that the runtime itself judged and that are no error numbers of the system.</summary>
internal static class RuntimeErrors
{
    /// <summary>A callback of the I/O threw.</summary>
    internal const ulong CallbackThrew = 0x1_0000;

    /// <summary>The io_method threw or broke its contract.</summary>
    internal const ulong MethodFailed = 0x1_0001;
}
