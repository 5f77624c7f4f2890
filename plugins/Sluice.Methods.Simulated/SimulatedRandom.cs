namespace Sluice.Methods.Simulated;

/// <summary>
/// Random numbers that are the same everywhere and for ever for one seed (xoshiro256**, seeded by SplitMix64). One object per
/// purpose: taking a number from one stream does not move another, so that leaving out a fault changes nothing else. One thread at a time.
/// </summary>
public sealed class SimulatedRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>Makes a stream.</summary>
    /// <param name="seed">The seed of the whole run.</param>
    /// <param name="stream">The number of the purpose.</param>
    public SimulatedRandom(ulong seed, ulong stream = 0)
    {
        ulong state = seed + (stream * 0xD1342543DE82EF95UL);
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = ulong.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="exclusiveMaximum"/> - 1.</summary>
    /// <param name="exclusiveMaximum">Positive.</param>
    public long Next(long exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMaximum);
        return (long)Math.BigMul(NextUInt64(), (ulong)exclusiveMaximum, out _);
    }

    /// <summary>A number from 0 to <paramref name="exclusiveMaximum"/> - 1.</summary>
    /// <param name="exclusiveMaximum">Positive.</param>
    public int Next(int exclusiveMaximum) => (int)Next((long)exclusiveMaximum);

    /// <summary>A number between two, both included.</summary>
    /// <param name="minimum">The least.</param>
    /// <param name="maximum">The greatest.</param>
    public int Between(int minimum, int maximum) => minimum + Next(maximum - minimum + 1);

    /// <summary>True with the given probability.</summary>
    /// <param name="probability">From 0 to 1.</param>
    public bool Chance(double probability) => (NextUInt64() >> 11) * (1.0 / (1UL << 53)) < probability;

    /// <summary>Fills memory with random bytes.</summary>
    /// <param name="target">The memory.</param>
    public void Fill(Span<byte> target)
    {
        while (target.Length >= sizeof(ulong))
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(target, NextUInt64());
            target = target[sizeof(ulong)..];
        }

        ulong rest = NextUInt64();
        for (int index = 0; index < target.Length; index++) target[index] = (byte)(rest >> (8 * index));
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return mixed ^ (mixed >> 31);
    }
}
