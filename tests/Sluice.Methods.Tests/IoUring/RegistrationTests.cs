using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Tests;

/// <summary>Registered memory and files make I/O cheaper, and change nothing else: not when they come, go or are refused.</summary>
[Collection(nameof(ProcessWide))]
public sealed unsafe partial class RegistrationTests
{
    private const int RegionBytes = 1 << 20;

    [Fact]
    public void RegisteredMemoryIsUsedByEveryFormOfTransfer()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed(direct: true);
        byte* memory = bench.Allocate(RegionBytes, 0x11);
        Assert.True(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        new Span<byte>(memory, 8192).Fill(0x22);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 8192)).Result);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Read, memory + RegionBytes - 8192, 8192)).Result);
        Assert.Equal(0x22, memory[RegionBytes - 1]);
        Assert.Equal(2, bench.Counter("fixed_buffer_transfers"));

        IoRequest vectored = bench.Prepare(
            1, file, IoOperation.Read, 0, IoRequestFlags.None, new IoVector(memory + 65536, 4096), new IoVector(memory + 131072, 4096));
        Assert.Equal(8192, bench.Run(vectored).Result);
        Assert.Equal(0x22, memory[65536]);
        Assert.Equal(0x22, memory[131072 + 4095]);
        bool hasVectoredFixed = bench.Line("features").Contains("READV_FIXED", StringComparison.Ordinal);
        Assert.Equal(hasVectoredFixed ? 3 : 2, bench.Counter("fixed_buffer_transfers"));
        Assert.Contains($"{RegionBytes} bytes", bench.Line("registered buffers"), StringComparison.Ordinal);
        bench.Method.UnregisterBuffers((nint)memory);
    }

    [Fact]
    public void MemoryThatIsNotWhollyInsideARegionIsNotTreatedAsRegistered()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(2 * RegionBytes, 0x11);
        Assert.True(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory + RegionBytes - 4096, 8192)).Result);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory + RegionBytes, 4096)).Result);
        IoRequest vectored = bench.Prepare(
            1, file, IoOperation.Write, 0, IoRequestFlags.None, new IoVector(memory, 4096), new IoVector(memory + RegionBytes, 4096));
        Assert.Equal(8192, bench.Run(vectored).Result);
        Assert.Equal(0, bench.Counter("fixed_buffer_transfers"));
        bench.Method.UnregisterBuffers((nint)memory);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)).Result);
        Assert.Equal(0, bench.Counter("fixed_buffer_transfers"));
        Assert.StartsWith("0 bytes", bench.Line("registered buffers"), StringComparison.Ordinal);
    }

    [Fact]
    public void AContextMadeLaterKnowsWhatWasRegisteredBefore()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(RegionBytes, 0x33);
        Assert.True(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        RecordingSink sink = new();
        IoMethodContext later = bench.Method.CreateContext(new IoMethodContextOptions(5, 64, 8, sink));
        later.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: true);
        bench.WaitForCount(1, later, sink);
        Assert.Equal(1, bench.Counter("fixed_buffer_transfers"));
        Assert.Equal(0, bench.Counter("buffer_registrations_refused"));
        later.Dispose();
        bench.Method.UnregisterBuffers((nint)memory);
    }

    [Fact]
    public void MemoryRegisteredBeforeThereIsAContextIsKeptForTheFirst()
    {
        using Bench bench = new();
        bench.Context.Dispose();
        byte* memory = bench.Allocate(RegionBytes, 0x33);
        Assert.True(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        RecordingSink sink = new();
        using IoMethodContext first = bench.Method.CreateContext(new IoMethodContextOptions(1, 64, 8, sink));
        using OsFile file = Bench.OpenUnnamed();
        first.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: true);
        bench.WaitForCount(1, first, sink);
        Assert.Equal(1, bench.Counter("fixed_buffer_transfers"));
        bench.Method.UnregisterBuffers((nint)memory);
    }

    [Fact]
    public void RegionsComeAndGoWhileOthersAreInUse()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(RegionBytes);
        byte* coming = bench.Allocate(RegionBytes);
        Assert.True(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        bool isOver = false;
        Thread registrar = new(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                Assert.True(bench.Method.RegisterBuffers((nint)coming, RegionBytes));
                bench.Method.UnregisterBuffers((nint)coming);
            }
        });
        registrar.Start();
        for (int round = 0; round < 3_000; round++)
        {
            byte* source = round % 2 == 0 ? memory : coming;
            source[0] = (byte)round;

            // The other region may not be taken back with I/O on it, so it is only used here as memory that may be registered.
            byte* target = memory + 8192;
            *target = (byte)(round + 1);
            Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)).Result);
            Assert.Equal(4096, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, target, 4096)).Result);
            Assert.Equal(*memory, *target);
        }

        Volatile.Write(ref isOver, true);
        registrar.Join();
        Assert.Equal(6_000, bench.Counter("fixed_buffer_transfers"));
        bench.Method.UnregisterBuffers((nint)memory);
    }

    [Fact]
    public void ARefusalByTheMemoryLimitIsCountedAndExplainedAndNothingFails()
    {
        // The limit binds only who may not lock memory at will, so the ring is made by a thread that gave that right up.
        const int lockedMemory = 8;
        ulong* old = stackalloc ulong[2];
        ulong* limit = stackalloc ulong[2];
        Assert.Equal(0, FlushAfterTests.PrLimit(0, lockedMemory, null, old));
        limit[0] = 64 * 1024;
        limit[1] = old[1];
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                GiveUpLockingRight();
                using Bench bench = new();
                using OsFile file = Bench.OpenUnnamed();
                byte* memory = bench.Allocate(RegionBytes, 0x44);
                Assert.False(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
                Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)).Result);
                Assert.Equal(0, bench.Counter("fixed_buffer_transfers"));
                Assert.Equal(1, bench.Counter("buffer_registrations_refused"));
                Assert.Contains("64 KiB", bench.Line("registered buffers"), StringComparison.Ordinal);
                Assert.Contains("ulimit -l", bench.Line("registered buffers"), StringComparison.Ordinal);

                // What was refused is forgotten: its owner may free it, so a later context must not get it.
                Assert.StartsWith("0 bytes", bench.Line("registered buffers"), StringComparison.Ordinal);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        Assert.Equal(0, FlushAfterTests.PrLimit(0, lockedMemory, limit, null));
        try
        {
            thread.Start();
            thread.Join();
        }
        finally
        {
            Assert.Equal(0, FlushAfterTests.PrLimit(0, lockedMemory, old, null));
        }

        if (failure is not null) throw failure;
    }

    [Fact]
    public void RegistrationCanBeSwitchedOff()
    {
        using Bench bench = new(64, ("registered_buffers", "false"));
        byte* memory = bench.Allocate(RegionBytes);
        Assert.False(bench.Method.RegisterBuffers((nint)memory, RegionBytes));
        Assert.StartsWith("off", bench.Line("registered buffers"), StringComparison.Ordinal);
    }

    [Fact]
    public void ARegisteredFileIsLetGoBeforeItsDescriptorIsUsedAgain()
    {
        using Bench bench = new(64, ("registered_files", "4096"));
        byte* memory = bench.Allocate(4096);
        byte* read = bench.Allocate(4096);
        for (int round = 1; round <= 200; round++)
        {
            OsFile file = Bench.OpenUnnamed();
            new Span<byte>(memory, 4096).Fill((byte)round);
            IoRequest write = bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter);
            Assert.Equal(4096, bench.Run(write).Result);
            Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Read, read, 4096)).Result);
            Assert.Equal((byte)round, read[0]);
            Assert.Equal(4096, file.GetLength());
            bench.Method.FileClosing(file);
            file.Dispose();
        }

        Assert.Equal(400, bench.Counter("fixed_file_uses"));
        Assert.Equal(0, bench.Counter("file_registrations_refused"));
    }

    [Fact]
    public void ADescriptorBeyondTheTableIsUsedAsItIs()
    {
        using Bench bench = new(64, ("registered_files", "1"));
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)).Result);
        Assert.Equal(0, bench.Counter("fixed_file_uses"));
        bench.Method.FileClosing(file);
    }

    // CAP_IPC_LOCK is number 14; capset without the C library's help works on the calling thread only.
    private static void GiveUpLockingRight()
    {
        uint* header = stackalloc uint[2];
        header[0] = 0x20080522;
        header[1] = 0;
        uint* sets = stackalloc uint[6];
        Assert.Equal(0, CapGet(header, sets));
        sets[0] &= ~(1u << 14);
        Assert.Equal(0, CapSet(header, sets));
    }

    [LibraryImport("libc", EntryPoint = "capget", SetLastError = true)]
    private static partial int CapGet(uint* header, uint* sets);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int CapSet(uint* header, uint* sets);
}
