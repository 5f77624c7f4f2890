using System.Runtime.InteropServices;

namespace Sluice.Tool.Infrastructure;

/// <summary>
/// The signals that ask a process to end stop the command cleanly instead; asked a second time, the process ends at once, less its
/// temporary files.
/// </summary>
internal sealed class SignalHandling : IDisposable
{
    // Sent for a write past the limit of file sizes. Its default is to kill; ignored, the write fails with EFBIG, and that is reported.
    private const int FileSizeExceededSignal = 25;

    private readonly CancellationTokenSource _stop;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    internal SignalHandling(CancellationTokenSource stop)
    {
        _stop = stop;
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Stop));
        }

        if (OperatingSystem.IsLinux())
        {
            _registrations.Add(
                PosixSignalRegistration.Create((PosixSignal)FileSizeExceededSignal, static context => context.Cancel = true));
        }
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
        {
            _stop.Cancel();
            return;
        }

        TemporaryFiles.RemoveAll();
        Environment.Exit(Program.Failed);
    }
}
