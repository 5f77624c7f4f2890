using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>Group B: batches, and that nobody waits for what nobody will submit.</summary>
public abstract partial class IoMethodConformance
{
    // B1, B2
    [Fact]
    public void ABatchThatIsOpenWhenItsContextEndsIsSubmittedWithAWarning() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        AioContext context = run.System.CreateContext();
        AioReturn place = new();
        context.EnterBatch();
        Blocks.Read(context, file, 0, memory, 0, place);
        context.Dispose();
        Assert.Contains("A batch was still open", Assert.Single(run.Warnings).Message);
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        run.CheckContent(memory.Span, 0);
    });

    // B3: the way out through an exception closes the batch silently.
    [Fact]
    public void AnExceptionThroughABatchSubmitsAndClosesIt() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        WaitReference reference = default;
        Assert.Throws<FormatException>((Action)(() =>
        {
            using AioBatch batch = context.EnterBatch();
            reference = Blocks.Read(context, file, 0, memory);
            throw new FormatException();
        }));
        Assert.False(context.IsInBatch);
        Assert.True(context.Wait(reference));
        Assert.Empty(run.Warnings);
        run.CheckContent(memory.Span, 0);
    });

    // B4
    [Fact]
    public void ABatchThatIsClosedIsSilent() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        context.EnterBatch().Dispose();
        Assert.Empty(run.Warnings);
        using AioBatch batch = context.EnterBatch();
        Assert.Throws<InvalidOperationException>(() => context.EnterBatch());
    });

    [Fact]
    public void ABatchOfMoreThanFitsIsSubmittedInPieces() => Run(run =>
    {
        IoFile file = run.CreateFile(60);
        NativeBlock memory = run.Allocate(60);
        using AioContext context = run.System.CreateContext();
        AioReturn[] places = [.. Enumerable.Range(0, 60).Select(static _ => new AioReturn())];
        using (context.EnterBatch())
        {
            for (int block = 0; block < 60; block++) Blocks.Read(context, file, block, memory, block, places[block]);
        }

        while (context.WaitForAny())
        {
        }

        Assert.All(places, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void AWaitInsideABatchSubmitsWhatIsStagedAndKeepsTheBatchOpen() => Run(run =>
    {
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(2);
        using AioContext context = run.System.CreateContext();
        using (context.EnterBatch())
        {
            WaitReference first = Blocks.Read(context, file, 0, memory, 0);
            WaitReference second = Blocks.Read(context, file, 1, memory, 1);
            Assert.True(context.Wait(first));
            Assert.True(context.IsInBatch);
            Assert.True(context.Wait(second));
        }

        run.CheckContent(memory.Span, 0);
    });

    // D2 of the design: whoever meets a staged I/O submits it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AForeignWaiterSubmitsWhatItsIssuerOnlyStaged(bool awaits) => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        using AioBatch batch = context.EnterBatch();
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        Task waiter = awaits
            ? Task.Run(async () => await reference.WaitAsync())
            : ConformanceRun.OnThread(() => Assert.True(reference.Wait()));
        Watchdog.Wait(waiter, "the foreign waiter goes on while the issuer keeps its batch open");
        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void LookingWhetherAStagedIoIsDoneSubmitsIt() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        using AioBatch batch = context.EnterBatch();
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        Watchdog.Wait(ConformanceRun.OnThread(() => Watchdog.Until(() => reference.IsDone, "the staged I/O is done")), "the onlooker ends");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AWaiterThatCameBeforeTheStartIsNotForgottenWhenTheIoIsStaged(bool awaits) => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        using AioBatch batch = context.EnterBatch();
        AioHandle handle = context.Acquire();
        WaitReference reference = handle.Reference;
        ValueTask awaited = awaits ? reference.WaitAsync() : default;
        Task waiter = awaits ? awaited.AsTask() : ConformanceRun.OnThread(() => Assert.True(reference.Wait()));
        WaitUntilBlocked(waiter);
        new BlockTarget(0, 1).StartRead(handle, file, 0, memory.Block(0));

        // The issuer now depends on the waiter, and its batch stays open.
        Watchdog.Wait(waiter, "the waiter that came early goes on");
    });

    [Fact]
    public void TwoContextsThatWaitForEachOthersStagedIoGoOn() => Run(run =>
    {
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(2);
        for (int round = 0; round < 50; round++)
        {
            WaitReference[] references = new WaitReference[2];
            using Barrier staged = new(2);
            Task[] flows = [.. Enumerable.Range(0, 2).Select(index => ConformanceRun.OnThread(() =>
            {
                using AioContext context = run.System.CreateContext();
                using AioBatch batch = context.EnterBatch();
                references[index] = Blocks.Read(context, file, index, memory, index);
                staged.SignalAndWait();
                Assert.True(references[1 - index].Wait());
                staged.SignalAndWait();
            }))];
            foreach (Task flow in flows) Watchdog.Wait(flow, "both contexts go on");
        }

        run.CheckContent(memory.Span, 0);
    });
}
