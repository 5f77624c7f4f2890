using System.Runtime.CompilerServices;

namespace Sluice.Tool.Bench.Spill;

/// <summary>A record of the join that is measured: a key of sixteen bytes and 84 bytes beside it.</summary>
internal struct SpillRecord
{
    internal ulong KeyHigh;
    internal ulong KeyLow;
    internal SpillPayload Payload;
}

/// <summary>What a record carries.</summary>
[InlineArray(Words)]
internal struct SpillPayload
{
    internal const int Words = 21;
    private uint _word;
}
