using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Files;

/// <summary>Whatever goes wrong while temporary files are written and read, it is one error, and nothing is left.</summary>
public sealed class BufFileFaultTests : FaultTests
{
    private const int ChunkBytes = 5000;
    private const int Chunks = 80;
    private const int BufferBytes = 8192;

    private protected override IEnumerable<Action<FaultyWork>> Works => [WriteAndRead];

    // Written, joined with another file, read to its end by two, cut off.
    private static void WriteAndRead(FaultyWork work)
    {
        using BufFile file = work.Space.CreateFile(work.Owner);
        using BufFile tail = work.Space.CreateFile(work.Owner);
        Write(work, file, 0);
        Write(work, tail, 1);
        long start = file.Append(tail);
        Read(work, file, 0, 0);
        using BufFile shared = file.Share();
        Read(work, shared, start, 1);
        file.Truncate(start);
        Assert.Equal(start, file.LengthBytes);
        Read(work, file, 0, 0);
    }

    private static void Write(FaultyWork work, BufFile file, byte seed)
    {
        using BufFileWriter writer = new(work.Context, file, 0, BufferBytes, 3, work.Token);
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            work.Look();
            writer.Write(ChunkOf(seed, chunk));
        }

        writer.Flush();
    }

    private static void Read(FaultyWork work, BufFile file, long start, byte seed)
    {
        byte[] found = new byte[ChunkBytes];
        using BufFileReader reader = new(work.Context, file, start, BufferBytes, 3, work.Token);
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            work.Look();
            Assert.Equal(ChunkBytes, reader.Read(found));
            Assert.True(ChunkOf(seed, chunk).AsSpan().SequenceEqual(found), $"Chunk {chunk} of file {seed} is not what was written.");
        }
    }

    private static byte[] ChunkOf(byte seed, int chunk)
    {
        byte[] data = new byte[ChunkBytes];
        for (int index = 0; index < data.Length; index++) data[index] = (byte)((seed * 101) + (chunk * 7) + index);
        return data;
    }
}
