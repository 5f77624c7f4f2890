namespace Sluice.Wal.Tests;

/// <summary>All ways of computing the checksum give the same number, for every length, alignment and split.</summary>
public sealed class Crc32CTests
{
    [Fact]
    public void TheCheckValueIsTheStandardOne() => Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));

    [Fact]
    public void TheVectorsOfIscsiAreRight()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        byte[] ones = new byte[32];
        Array.Fill(ones, (byte)0xFF);
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(ones));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(static value => (byte)value)]));
    }

    [Fact]
    public void AllVariantsAgreeForEveryLengthAndAlignment()
    {
        byte[] bytes = TestLog.Body(1, 9000);
        for (int length = 0; length < 2200; length++) Compare(bytes.AsSpan(length % 64, length), (uint)length * 2654435761);
        for (int length = 2200; length < 8900; length += 37) Compare(bytes.AsSpan(length % 64, length), (uint)length * 2654435761);
    }

    [Fact]
    public void ASplitChangesNothing()
    {
        byte[] bytes = TestLog.Body(2, 5000);
        uint whole = Crc32C.Append(uint.MaxValue, bytes);
        for (int at = 0; at <= bytes.Length; at += 13)
        {
            Assert.Equal(whole, Crc32C.Append(Crc32C.Append(uint.MaxValue, bytes.AsSpan(0, at)), bytes.AsSpan(at)));
        }
    }

    private static void Compare(ReadOnlySpan<byte> bytes, uint register)
    {
        uint expected = register;
        foreach (byte value in bytes)
        {
            expected ^= value;
            for (int bit = 0; bit < 8; bit++) expected = (expected >> 1) ^ ((expected & 1) == 0 ? 0 : Crc32C.Polynomial);
        }

        Assert.Equal(expected, Crc32C.AppendPortable(register, bytes));
        Assert.Equal(expected, Crc32C.AppendSerial(register, bytes));
        Assert.Equal(expected, Crc32C.Append(register, bytes));
        if (Crc32C.CanInterleave) Assert.Equal(expected, Crc32C.AppendInterleaved(register, bytes));
        if (Crc32C.CanFold) Assert.Equal(expected, Crc32C.AppendFolding(register, bytes));
    }
}
