namespace Sluice.Storage;

/// <summary>What a step needs before it can go on. Steps never wait; their callers do, by blocking or by awaiting.</summary>
internal struct Blocker
{
    internal BlockerKind Kind;
    internal WaitReference Reference;
    internal BufferFrames? Frames;
    internal int Index;
    internal LogPosition Log;

    internal static Blocker On(WaitReference reference) => new() { Kind = BlockerKind.Io, Reference = reference };

    internal static Blocker OnOwn(WaitReference reference) => new() { Kind = BlockerKind.OwnIo, Reference = reference };

    internal static Blocker OnBuffer(BufferFrames frames, int index) => new() { Kind = BlockerKind.BufferIo, Frames = frames, Index = index };

    internal static Blocker OnPins(BufferFrames frames, int index) => new() { Kind = BlockerKind.Pins, Frames = frames, Index = index };

    internal static Blocker OnLog(LogPosition log) => new() { Kind = BlockerKind.Log, Log = log };

    internal static Blocker OnHandle() => new() { Kind = BlockerKind.Handle };
}
