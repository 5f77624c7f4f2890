using System.Runtime.CompilerServices;

namespace Sluice.Tool.Bench;

/// <summary>One run's work, apart from who does it.</summary>
internal sealed record Workload
{
    /// <summary>What is done.</summary>
    internal required Scenario Scenario { get; init; }

    /// <summary>The data file.</summary>
    internal required string Path { get; init; }

    /// <summary>How much of the file is used, in bytes, from its start.</summary>
    internal required long RangeBytes { get; init; }

    /// <summary>How much each operation reads or writes.</summary>
    internal int BlockBytes { get; init; } = 8 << 10;

    /// <summary>Operations in flight per thread.</summary>
    internal int Depth { get; init; } = 32;

    /// <summary>Threads, each with a context of its own.</summary>
    internal int Threads { get; init; } = 1;

    /// <summary>Whether the system's cache is bypassed.</summary>
    internal bool IsDirect { get; init; }

    /// <summary>Whether buffers and files are registered with the method.</summary>
    internal bool IsRegistered { get; init; }

    /// <summary>How a log write is made durable.</summary>
    internal DurableWriteForm Durable { get; init; }

    /// <summary>How long is measured.</summary>
    internal TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long it runs before.</summary>
    internal TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether operations write.</summary>
    internal bool IsWriting => Scenario is Scenario.RandomWrite or Scenario.LogWrite;

    /// <summary>Whether each write is to be durable.</summary>
    internal bool IsDurable => Scenario == Scenario.LogWrite;

    /// <summary>How to open the file.</summary>
    internal IoOpenOptions OpenOptions => new()
    {
        Access = IsWriting ? IoAccess.ReadWrite : IoAccess.Read,
        Direct = IsDirect,
        WriteThrough = IsDurable && Durable == DurableWriteForm.FileWriteThrough,
    };

    /// <summary>What each write promises.</summary>
    internal AioDurability WriteDurability => !IsDurable ? AioDurability.None : Durable switch
    {
        DurableWriteForm.WriteThrough => AioDurability.WriteThrough,
        DurableWriteForm.LinkedFlush => AioDurability.FlushAfter,
        _ => AioDurability.None,
    };

    /// <summary>Whether each write is followed by a flush of its own.</summary>
    internal bool FlushesSeparately => IsDurable && Durable == DurableWriteForm.WriteThenFlush;

    /// <summary>
    /// The places for a number of flows. At random each has its own; in sequence all share one end, as a log's writers do.
    /// </summary>
    /// <param name="flows">How many.</param>
    internal BlockOffsets[] Offsets(int flows)
    {
        BlockOffsets[] offsets = new BlockOffsets[flows];
        StrongBox<long> counter = new();
        for (int flow = 0; flow < flows; flow++)
        {
            offsets[flow] = Scenario is Scenario.SequentialRead or Scenario.LogWrite
                ? BlockOffsets.Sequential(RangeBytes, BlockBytes, counter)
                : BlockOffsets.Random(RangeBytes, BlockBytes, seed: flow);
        }

        return offsets;
    }
}
