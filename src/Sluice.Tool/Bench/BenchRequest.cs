namespace Sluice.Tool.Bench;

/// <summary>What the command line asks for. Null: not said.</summary>
internal sealed record BenchRequest
{
    /// <summary>The scenario; null for the standard programme.</summary>
    internal Scenario? Scenario { get; init; }

    internal string? Method { get; init; }

    internal Mode? Mode { get; init; }

    /// <summary>The user's file; null to make one.</summary>
    internal string? File { get; init; }

    internal long? SizeBytes { get; init; }

    internal int BlockBytes { get; init; } = 8 << 10;

    /// <summary>Whether the size of a block was asked for.</summary>
    internal bool IsBlockGiven { get; init; }

    /// <summary>Of spill: a temporary file instead of joins.</summary>
    internal bool IsSpillOfFile { get; init; }

    internal int Depth { get; init; } = 32;

    internal double? Seconds { get; init; }

    internal int Threads { get; init; } = 1;

    internal bool IsDirect { get; init; }

    internal bool IsRegistered { get; init; }

    internal bool Overwrites { get; init; }

    /// <summary>Of the storage scenarios: the data directory to use and keep; null for a temporary one.</summary>
    internal string? DataDirectory { get; init; }

    /// <summary>How many pages are dirty when a checkpoint begins.</summary>
    internal int Pages { get; init; } = 60_000;

    /// <summary>How many of them are neighbours.</summary>
    internal int RunPages { get; init; } = 1;

    /// <summary>Every which block a bitmap has.</summary>
    internal int Every { get; init; } = 8;

    /// <summary>How many pages one I/O may have.</summary>
    internal int CombinePages { get; init; } = 16;

    /// <summary>Whether the system's cache is emptied of the relation before each pass.</summary>
    internal bool IsCold { get; init; }

    /// <summary>How log writes are made durable; null for the fastest way here.</summary>
    internal DurableWriteForm? Durable { get; init; }
}
