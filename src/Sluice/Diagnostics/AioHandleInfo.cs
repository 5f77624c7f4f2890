using Sluice.Methods;

namespace Sluice;

/// <summary>One row of what is in flight: a handle in use, read without a lock and never torn.</summary>
public sealed record AioHandleInfo
{
    /// <summary>The context's number.</summary>
    public required int ContextId { get; init; }

    /// <summary>The context's name.</summary>
    public required string ContextName { get; init; }

    /// <summary>The handle's number in the system.</summary>
    public required int HandleIndex { get; init; }

    /// <summary>Which of its I/Os it is.</summary>
    public required ulong Generation { get; init; }

    /// <summary>Where it is on its way.</summary>
    public required AioHandleState State { get; init; }

    /// <summary>What it does; none while it is only handed out.</summary>
    public IoOperation Operation { get; init; }

    /// <summary>Where in the file, in bytes.</summary>
    public long OffsetBytes { get; init; }

    /// <summary>How much, in bytes.</summary>
    public long LengthBytes { get; init; }

    /// <summary>How many data words the layers gave it.</summary>
    public int DataCount { get; init; }

    /// <summary>How it is done.</summary>
    public IoRequestFlags Flags { get; init; }

    /// <summary>Bytes or a negative errno; null before the shared callbacks ran.</summary>
    public int? RawResult { get; init; }

    /// <summary>The result as judged; null before the shared callbacks ran.</summary>
    public AioResult? Result { get; init; }

    /// <summary>The name of the kind of target.</summary>
    public string TargetName { get; init; } = "none";

    /// <summary>What the I/O is about, in words.</summary>
    public string Description { get; init; } = "";
}
