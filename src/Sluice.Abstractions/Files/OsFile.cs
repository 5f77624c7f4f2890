using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Methods;

namespace Sluice;

/// <summary>A file of the operating system: the kind that carries a descriptor.</summary>
public sealed class OsFile : IoFile
{
    private readonly SafeFileHandle _handle;
    private readonly OsExecutor _executor;

    internal OsFile(string path, IoAccess access, SafeFileHandle handle, IoFileCapabilities capabilities)
        : base(path, access)
    {
        _handle = handle;
        Capabilities = capabilities;
        Descriptor = (int)handle.DangerousGetHandle();
        _executor = OsExecutor.Current;
    }

    /// <summary>
    /// The descriptor. Only to be used while the file is held, and never closed: the number may belong to another file the
    /// moment this one is closed.
    /// </summary>
    public int Descriptor { get; }

    /// <inheritdoc/>
    public override IoFileCapabilities Capabilities { get; }

    internal SafeFileHandle Handle => _handle;

    /// <summary>Whether the file's system said that it cannot read without blocking. Set by the executor.</summary>
    internal bool RefusesNoWait { get; set; }

    /// <inheritdoc/>
    public override IoOutcome Execute(IoRequest request) => _executor.Execute(this, request);

    /// <inheritdoc/>
    public override bool TryExecuteWithoutBlocking(IoRequest request, out IoOutcome outcome) =>
        _executor.TryExecuteWithoutBlocking(this, request, out outcome);

    /// <inheritdoc/>
    public override long GetLength()
    {
        Hold();
        try
        {
            return RandomAccess.GetLength(_handle);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new AioException($"tell the length of {Path}", Marshal.GetLastPInvokeError(), exception.Message.TrimEnd('.'));
        }
        finally
        {
            ReleaseHold(0);
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        Hold();
        int errno;
        try
        {
            errno = _executor.SetLength(this, lengthBytes);
        }
        finally
        {
            ReleaseHold(0);
        }

        if (errno != 0) throw new AioException($"set the length of {Path} to {lengthBytes} bytes", errno);
    }

    // The number of the descriptor may be another file's the moment this one is closed.
    private void Hold() => ObjectDisposedException.ThrowIf(!TryHold(0), this);

    /// <inheritdoc/>
    protected override void CloseCore() => _handle.Dispose();
}
