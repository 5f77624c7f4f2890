using Sluice.TempFiles;

namespace Sluice.Tool.Bench.Spill;

/// <summary>Makes the records of both sides, joins them by key, and counts what comes out: each probe record has one match.</summary>
internal sealed class SpillKeys : IJoinKeys<SpillRecord, SpillRecord>, IJoinConsumer<SpillRecord, SpillRecord>
{
    internal long Pairs { get; private set; }

    /// <summary>A record; the keys of different numbers differ and are in no order.</summary>
    internal static void Make(ref SpillRecord record, long number)
    {
        ulong key = (ulong)number * 0x9E3779B97F4A7C15UL;
        record.KeyHigh = key ^ (key >> 29);
        record.KeyLow = (ulong)number;
        for (int word = 0; word < SpillPayload.Words; word++) record.Payload[word] = (uint)(number + word);
    }

    public ulong HashBuild(in SpillRecord build) => build.KeyHigh ^ build.KeyLow;

    public ulong HashProbe(in SpillRecord probe) => probe.KeyHigh ^ probe.KeyLow;

    public bool AreEqual(in SpillRecord build, in SpillRecord probe) => build.KeyHigh == probe.KeyHigh && build.KeyLow == probe.KeyLow;

    public void Pair(in SpillRecord build, in SpillRecord probe)
    {
        if (build.Payload[SpillPayload.Words - 1] == probe.Payload[SpillPayload.Words - 1]) Pairs++;
    }

    public void Probe(in SpillRecord probe) => throw new InvalidOperationException("An inner join gives pairs.");

    public void Build(in SpillRecord build) => throw new InvalidOperationException("An inner join gives pairs.");
}
