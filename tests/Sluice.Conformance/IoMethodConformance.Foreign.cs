using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>Groups F and K: completion by and for others.</summary>
public abstract partial class IoMethodConformance
{
    // F1
    [Fact]
    public void AnIoIsCompletedForAForeignWaiterWhileItsIssuerIdles() => Run(run =>
    {
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        using AioContext issuer = run.System.CreateContext();
        AioReturn place = new();
        WaitReference reference = Blocks.Read(issuer, file, 1, memory, 0, place);
        Watchdog.Wait(ConformanceRun.OnThread(() => Assert.True(reference.Wait())), "nobody needs the issuer");
        run.CheckContent(memory.Span, Pattern.BlockBytes);
        Assert.True(issuer.Wait(reference));
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
    });

    // F2
    [Fact]
    public void AnIssuerThatDisconnectsLeavesACompletedIo() => Run(run =>
    {
        IoFile file = run.CreateFile(64);
        NativeBlock memory = run.Allocate(64);
        WaitReference[] references = new WaitReference[64];
        Watchdog.Wait(
            ConformanceRun.OnThread(() =>
            {
                AioContext issuer = run.System.CreateContext();
                using (issuer.EnterBatch())
                {
                    for (int block = 0; block < 64; block++) references[block] = Blocks.Read(issuer, file, block, memory, block);
                }

                issuer.Dispose();
            }),
            "the issuer leaves");
        Assert.All(references, static reference => Assert.True(reference.Wait()));
        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void ContextsMayBeDisposedWhileOthersStillWaitForTheirIo() => Run(run =>
    {
        IoFile file = run.CreateFile(16);
        NativeBlock memory = run.Allocate(16);
        for (int round = 0; round < 200; round++)
        {
            AioContext issuer = run.System.CreateContext();
            WaitReference[] references = new WaitReference[16];
            issuer.EnterBatch();
            for (int block = 0; block < 16; block++) references[block] = Blocks.Read(issuer, file, block, memory, block);
            Task[] waiters =
            [
                Task.Run(() => Assert.All(references, static reference => Assert.True(reference.Wait()))),
                Task.Run(async () =>
                {
                    foreach (WaitReference reference in references) await reference.WaitAsync();
                }),
                Task.Run(() => Assert.All(references, static reference => Watchdog.Until(() => reference.IsDone, "it is done"))),
            ];
            issuer.Dispose();
            foreach (Task waiter in waiters) Watchdog.Wait(waiter, "waiters of a context that is gone go on");
        }

        run.CheckContent(memory.Span, 0);
    });

    // F3, F4
    [Fact]
    public void EachReaderOfABadBlockGetsItsOwnError() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(2);
        NativeBlock zeros = run.Allocate(1);
        zeros.Span.Clear();
        using AioContext issuer = run.System.CreateContext("A");
        AioReturn written = new();
        issuer.Wait(Blocks.Write(issuer, file, 1, zeros, 0, written));
        written.ThrowIfFailed();

        AioReturn background = new();
        WaitReference reference = Blocks.StartRead(issuer.Acquire(background), file, 1, 1, memory, 0, BlockCallback.Verify);
        Watchdog.Wait(
            ConformanceRun.OnThread(() =>
            {
                Assert.True(reference.Wait());
                using AioContext other = run.System.CreateContext("B");
                AioException failure = Assert.Throws<AioException>(() => Blocks.ReadToTheEnd(other, file, 1, 1, memory));
                Assert.Contains("invalid block 1", failure.Message);
            }),
            "B gets its own error");
        issuer.Wait(reference);
        Assert.Equal(AioStatus.Error, background.Result.Status);
        Assert.Contains("invalid block 1", background.Explain());
    });

    // K1
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AForeignWaiterSleepsWhileACompletionIsStalledAndReadsTheRestItself(bool awaits) => Run(run =>
    {
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(4);
        NativeBlock gatedMemory = run.Allocate(1);
        GatedRead gated = new(run.System, file, 1, 1, gatedMemory);
        using AioContext context = run.System.CreateContext();
        Assert.Equal(1, Blocks.ReadToTheEnd(context, file, 2, 3, memory, data: 0));
        Assert.False(gated.Reference.IsDone);
        Assert.False(gated.Reference.Wait(timeoutMilliseconds: 1));
        Task waiter = awaits
            ? Task.Run(async () => await gated.Reference.WaitAsync())
            : ConformanceRun.OnThread(() => Assert.True(gated.Reference.Wait()));
        WaitUntilBlocked(waiter);
        AioHandleInfo row = Assert.Single(run.System.Snapshot(), static row => row.State == AioHandleState.CompletedIo);
        Assert.Equal("block 1", row.Description);
        gated.Release();
        Watchdog.Wait(waiter, "the foreign waiter goes on after the release");
        Assert.Equal(1, gated.Return.Result.Value);
        run.CheckContent(gatedMemory.Span, Pattern.BlockBytes);
        run.CheckContent(memory.Span[..(3 * Pattern.BlockBytes)], 2 * Pattern.BlockBytes);
    });

    // K2
    [Fact]
    public void TwoReferencesToOneStalledIoAreReleasedTogether() => Run(run =>
    {
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(2);
        NativeBlock gatedMemory = run.Allocate(2);
        GatedRead gated = new(run.System, file, 2, 2, gatedMemory);
        using AioContext context = run.System.CreateContext();
        Assert.Equal(1, Blocks.ReadToTheEnd(context, file, 0, 2, memory, data: 0));
        Task[] waiters = [.. Enumerable.Range(0, 6).Select(index => index % 2 == 0
            ? ConformanceRun.OnThread(() => Assert.True(gated.Reference.Wait()))
            : Task.Run(async () => await gated.Reference.WaitAsync()))];
        foreach (Task waiter in waiters) WaitUntilBlocked(waiter);
        gated.Release();
        foreach (Task waiter in waiters) Watchdog.Wait(waiter, "each of many waiters goes on");
        run.CheckContent(memory.Span, 0);
        run.CheckContent(gatedMemory.Span, 2 * Pattern.BlockBytes);
    });

    // K: whoever is stalled holds up nobody but those who wait for that very I/O.
    [Fact]
    public void AStalledCompletionDoesNotHoldUpOtherContexts() => Run(run =>
    {
        IoFile file = run.CreateFile(64);
        NativeBlock memory = run.Allocate(64);
        GatedRead gated = new(run.System, file, 0, 1, run.Allocate(1));
        using AioContext context = run.System.CreateContext();
        Assert.Equal(64 / 16, ReadInPieces(context, file, memory));
        gated.Release();
        run.CheckContent(memory.Span, 0);

        static int ReadInPieces(AioContext context, IoFile file, NativeBlock memory)
        {
            int operations = 0;
            AioReturn place = new();
            for (int block = 0; block < 64; block += 16)
            {
                context.Wait(Blocks.StartRead(context.Acquire(place), file, block, 16, memory, block));
                place.ThrowIfFailed();
                operations++;
            }

            return operations;
        }
    });

    [Fact]
    public void AnyThreadMayDriveWhileTheIssuerWaitsForSomethingElse() => Run(run =>
    {
        IoFile file = run.CreateFile(32);
        NativeBlock memory = run.Allocate(32);
        using AioContext issuer = run.System.CreateContext();
        for (int round = 0; round < 100; round++)
        {
            WaitReference[] references = new WaitReference[32];
            using (issuer.EnterBatch())
            {
                for (int block = 0; block < 32; block++) references[block] = Blocks.Read(issuer, file, block, memory, block);
            }

            Task[] waiters = [.. Enumerable.Range(0, 4).Select(index => Task.Run(async () =>
            {
                for (int block = index; block < 32; block += 4)
                {
                    if (index == 0) Assert.True(references[block].Wait());
                    else await references[block].WaitAsync();
                }
            }))];
            if (round % 2 == 0)
            {
                foreach (WaitReference reference in references) Assert.True(issuer.Wait(reference));
            }

            foreach (Task waiter in waiters) Watchdog.Wait(waiter, "every waiter goes on, whoever drives");
            while (issuer.WaitForAny())
            {
            }
        }

        run.CheckContent(memory.Span, 0);
    });
}
