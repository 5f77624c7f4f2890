namespace Sluice.Storage;

/// <summary>What a step needs before it can go on. Steps never wait; their callers do, by blocking or by awaiting.</summary>
internal struct Blocker
{
    internal BlockerKind Kind;
    internal WaitReference Reference;
    internal BufferFrames? Frames;
    internal int Index;
    internal LogPosition Log;

    /// <summary>The I/O on a page. That on a temporary page is over only when its local completion ran, which the owner's own wait sees to.</summary>
    /// <param name="frames">Where the page is.</param>
    /// <param name="index">Its buffer.</param>
    /// <param name="reference">The I/O; invalid when it has no reference yet.</param>
    internal static Blocker OnIo(BufferFrames frames, int index, WaitReference reference) => reference.IsValid
        ? new() { Kind = frames.IsLocal ? BlockerKind.OwnIo : BlockerKind.Io, Reference = reference }
        : OnBuffer(frames, index);

    internal static Blocker OnOwn(WaitReference reference) => new() { Kind = BlockerKind.OwnIo, Reference = reference };

    internal static Blocker OnBuffer(BufferFrames frames, int index) =>
        new() { Kind = BlockerKind.BufferIo, Frames = frames, Index = index };

    internal static Blocker OnPins(BufferFrames frames, int index) => new() { Kind = BlockerKind.Pins, Frames = frames, Index = index };

    internal static Blocker OnLog(LogPosition log) => new() { Kind = BlockerKind.Log, Log = log };

    internal static Blocker OnHandle() => new() { Kind = BlockerKind.Handle };
}
