using System.Security.Cryptography;

namespace Sluice.Tool.Sort;

/// <summary>An order by chance that is the same for equal keys: by what a keyed hash makes of them.</summary>
/// <param name="salt">The hash's key: another one is another order.</param>
internal sealed class RandomOrder(byte[] salt)
{
    /// <summary>How many bytes of chance are taken from a file that is named.</summary>
    internal const int SaltBytes = 16;

    /// <summary>An order of its own, or the one that a file's first bytes give.</summary>
    /// <param name="path">The file; null for the system's chance.</param>
    internal static RandomOrder From(string? path)
    {
        byte[] salt = new byte[SaltBytes];
        if (path is null)
        {
            RandomNumberGenerator.Fill(salt);
            return new RandomOrder(salt);
        }

        using FileStream stream = File.OpenRead(path);
        int count = stream.ReadAtLeast(salt, SaltBytes, throwOnEndOfStream: false);
        return count == SaltBytes ? new RandomOrder(salt)
            : throw new AioException($"read {path}", 0, $"it has {count} bytes, and a random order needs {SaltBytes}");
    }

    internal ulong HashOf(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(salt, key, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    internal int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right)) return 0;
        int order = HashOf(left).CompareTo(HashOf(right));
        return order != 0 ? order : left.SequenceCompareTo(right);
    }
}
