using System.Runtime.InteropServices;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Infrastructure;

/// <summary>
/// The signals that ask a process to end stop the command cleanly instead; asked a second time, the process ends at once, less its
/// temporary files.
/// </summary>
internal sealed class SignalHandling : IDisposable
{
    // Sent for a write past the limit of file sizes. Its default is to kill; ignored, the write fails with EFBIG, and that is reported.
    private const int FileSizeExceededSignal = 25;

    internal const int BrokenPipeSignal = 13;

    private readonly CancellationTokenSource _stop;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;
    private int _first;

    /// <summary>The number of the signal that asked first; 0 when none did.</summary>
    internal int Received => Volatile.Read(ref _first);

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

    /// <summary>
    /// Ends the process as a signal does that nobody handles, so that whoever started it sees what it would see of any other. Everything
    /// was cleaned up. Returns only where there are no such signals.
    /// </summary>
    internal static void EndBy(int signal)
    {
        if (!OperatingSystem.IsLinux()) return;
        Console.Out.Flush();
        Libc.Signal(signal, 0);
        _ = Libc.Kill(Environment.ProcessId, signal);
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
            Volatile.Write(ref _first, NumberOf(context.Signal));
            _stop.Cancel();
            return;
        }

        TemporaryFiles.RemoveAll();
        Environment.Exit(Program.Failed);
    }

    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        _ => 15,
    };
}
