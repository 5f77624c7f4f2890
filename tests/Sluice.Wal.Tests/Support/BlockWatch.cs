using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>Watches which bytes of the segments are being written, from the moment a write is submitted until its issuer is told that it has ended.</summary>
internal sealed class BlockWatch
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, (string Path, long From, long To)> _inFlight = [];
    private readonly HashSet<(string Path, long From)> _begun = [];

    internal BlockWatch(InjectionControl control)
    {
        control.Submitting = OnSubmitting;
        control.Completing = OnCompleting;
    }

    /// <summary>How long a write that is over is kept from its issuer.</summary>
    internal int LingersMilliseconds { get; init; }

    /// <summary>How many writes there were.</summary>
    internal int Writes { get; private set; }

    /// <summary>How many of them began where an earlier one did: a block that was not full.</summary>
    internal int Rewrites { get; private set; }

    /// <summary>Two writes that were in flight together and have bytes in common; null when there were none.</summary>
    internal string? Overlap { get; private set; }

    internal static bool IsOfSegment(IoRequest request) =>
        request.Operation == IoOperation.Write && SegmentName.TryParse(Path.GetFileName(request.File.Path), 1 << 20, out _, out _);

    private void OnSubmitting(IoRequest request)
    {
        if (!IsOfSegment(request)) return;
        string path = request.File.Path;
        long from = request.OffsetBytes;
        long to = from + request.LengthBytes;
        lock (_lock)
        {
            Writes++;
            if (!_begun.Add((path, from))) Rewrites++;
            foreach ((string otherPath, long otherFrom, long otherTo) in _inFlight.Values)
            {
                if (otherPath == path && otherFrom < to && from < otherTo) Overlap ??= $"{from} to {to} while {otherFrom} to {otherTo} of {path} is being written";
            }

            _inFlight[request.Token] = (path, from, to);
        }
    }

    // Before whoever issued it is told: so whatever is submitted behind it is submitted later.
    private void OnCompleting(IoRequest request, int result)
    {
        if (!IsOfSegment(request)) return;
        if (LingersMilliseconds > 0) Thread.Sleep(LingersMilliseconds);
        lock (_lock) _inFlight.Remove(request.Token);
    }
}
