using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Tests;

/// <summary>A thread that exits takes its requests with it; the reaper executes them again and nobody notices.</summary>
public sealed unsafe partial class ExitedThreadTests
{
    private const int Reads = 64;
    private const int ReadBytes = 128 * 1024;

    [Theory]
    [InlineData(0, IoRequestFlags.Buffered)]
    [InlineData(1, IoRequestFlags.Buffered)]
    [InlineData(0, IoRequestFlags.None)]
    public void ReadsOfAThreadThatExitsAtOnceAreAllRight(int puntFromBytes, IoRequestFlags flags)
    {
        string path = Path.GetTempFileName();
        try
        {
            WriteNumbered(path);
            using Bench bench = new(Reads, ("punt_buffered_reads_bytes", $"{puntFromBytes}"));
            using OsFile file = (OsFile)IoFileSystem.OperatingSystem.Open(
                path, new IoOpenOptions { Access = IoAccess.Read, Direct = flags == IoRequestFlags.None });
            byte* memory = bench.Allocate(Reads * ReadBytes);
            for (int round = 0; round < 5; round++)
            {
                new Span<byte>(memory, Reads * ReadBytes).Clear();
                const int dontNeed = 4;
                Assert.Equal(0, FileAdvise(file.Descriptor, 0, 0, dontNeed));
                int before = bench.Sink.Count;
                Thread submitter = new(() =>
                {
                    for (int slot = 0; slot < Reads; slot++)
                    {
                        byte* target = memory + (slot * ReadBytes);
                        bench.PrepareTransfer(slot, file, IoOperation.Read, target, ReadBytes, (long)slot * ReadBytes, flags);
                    }

                    for (int slot = 0; slot < Reads; slot += 32) bench.Context.Submit(bench.Requests.AsSpan(slot, 32), waitFollows: false);
                });
                submitter.Start();
                submitter.Join();
                bench.WaitForCount(before + Reads);
                for (int slot = 0; slot < Reads; slot++) CheckRead(bench, slot, file, memory + (slot * ReadBytes));
            }

            Assert.Equal(0, bench.Sink.Doubles);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void DurableWritesOfAThreadThatExitsAtOnceAreAllDone()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(Reads * 4096);
        for (int slot = 0; slot < Reads; slot++) new Span<byte>(memory + (slot * 4096), 4096).Fill((byte)(slot + 1));
        Thread submitter = new(() =>
        {
            for (int slot = 0; slot < Reads; slot++)
            {
                bench.PrepareTransfer(slot, file, IoOperation.Write, memory + (slot * 4096), 4096, slot * 4096L, IoRequestFlags.FlushAfter);
            }

            for (int slot = 0; slot < Reads; slot += 32) bench.Context.Submit(bench.Requests.AsSpan(slot, 32), waitFollows: false);
        });
        submitter.Start();
        submitter.Join();
        bench.WaitForCount(Reads);
        byte* read = bench.Allocate(4096);
        for (int slot = 0; slot < Reads; slot++)
        {
            Assert.Equal(new IoCompletion((ulong)slot + 1, 4096), bench.Sink[(ulong)slot + 1]);
        }

        for (int slot = 0; slot < Reads; slot++)
        {
            Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Read, read, 4096, slot * 4096L)).Result);
            Assert.Equal(slot + 1, read[4095]);
        }
    }

    // A read may be short; the rest is read as a caller would, and then the content has to be right.
    private static void CheckRead(Bench bench, int slot, OsFile file, byte* memory)
    {
        int done = bench.Sink[bench.Requests[slot].Token].Result;
        Assert.True(done > 0, $"read {slot} completed with {done}");
        while (done < ReadBytes)
        {
            long offset = ((long)slot * ReadBytes) + done;
            int more = bench.Run(bench.PrepareTransfer(slot, file, IoOperation.Read, memory + done, ReadBytes - done, offset)).Result;
            Assert.True(more > 0, $"read {slot} went on with {more}");
            done += more;
        }

        ReadOnlySpan<long> numbers = new(memory, ReadBytes / sizeof(long));
        for (int index = 0; index < numbers.Length; index++) Assert.Equal((slot * (long)numbers.Length) + index, numbers[index]);
    }

    private static void WriteNumbered(string path)
    {
        long[] numbers = new long[Reads * ReadBytes / sizeof(long)];
        for (int index = 0; index < numbers.Length; index++) numbers[index] = index;
        using FileStream stream = new(path, FileMode.Create);
        stream.Write(MemoryMarshal.AsBytes<long>(numbers));
        stream.Flush(flushToDisk: true);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise64")]
    private static partial int FileAdvise(int descriptor, long offset, long length, int advice);
}
