using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Files;

/// <summary>How far a writer runs behind its producer, and a reader ahead of its consumer.</summary>
public sealed class BufFileFlowTests
{
    private const int BufferBytes = 4096;
    private const int Depth = 8;

    public static TheoryData<string> Methods => ["sync", "worker", "io_uring"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void AsManyWritesAreInFlightAsTheWriterHasBuffersAndNeverMore(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("behind"));
        using BufFileWriter writer = new(context, file, 0, BufferBytes, Depth);
        List<HeldRequest> inFlight = HeldIo.WhenItWaits(run, IoOperation.Write, () => writer.Stalls, Depth, () =>
        {
            writer.Write(new byte[3 * Depth * BufferBytes]);
            writer.Flush();
        });
        Assert.Equal(Enumerable.Range(0, Depth).Select(static index => new HeldRequest(index * BufferBytes, BufferBytes)), inFlight);
        Assert.Equal(3 * Depth * BufferBytes, file.LengthBytes);
    });

    [Theory]
    [MemberData(nameof(Methods))]
    public void TheReaderReadsFurtherAheadWhenItWaitsAndLessFarWhenItDoesNot(string method) => TestRun.WithinWatchdog(() =>
    {
        const int Windows = 600;
        const int WindowsPerStep = 64;
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("ahead"));
        using (BufFileWriter writer = new(context, file, 0, BufferBytes, Depth))
        {
            writer.Write(new byte[Windows * BufferBytes]);
            writer.Flush();
        }

        using BufFileReader reader = new(context, file, 0, BufferBytes, Depth);
        byte[] window = new byte[BufferBytes];
        List<int> distances = [reader.Distance];
        HeldIo.MakeReadsWait(run, times: 4, () => reader.Stalls, () =>
        {
            while (reader.Stalls < 4)
            {
                Assert.Equal(BufferBytes, reader.Read(window));
                if (distances[^1] != reader.Distance) distances.Add(reader.Distance);
            }
        });

        // Twice as far each time, and never further than there are buffers.
        Assert.Equal([1, 2, 4, 8], distances);
        if (method != "sync") return;

        // Here every read is over when it was started: nobody waits again.
        distances.Clear();
        long last = reader.Position;
        while (reader.Read(window) == BufferBytes)
        {
            if (distances.Count != 0 && distances[^1] == reader.Distance) continue;
            if (distances.Count > 1) Assert.Equal(WindowsPerStep * BufferBytes, reader.Position - last);
            last = reader.Position;
            distances.Add(reader.Distance);
        }

        Assert.Equal([8, 7, 6, 5, 4, 3, 2], distances);
    });
}
