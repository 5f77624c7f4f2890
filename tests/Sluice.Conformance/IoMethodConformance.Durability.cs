using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance;

/// <summary>Durability: what failed to become durable is never called durable afterwards.</summary>
public abstract partial class IoMethodConformance
{
    [Theory]
    [InlineData(IoOperation.Fsync)]
    [InlineData(IoOperation.Fdatasync)]
    public void AFailedFlushPoisonsTheFileForEveryLaterWaitAndForThoseInFlight(IoOperation flush) => RunAsync(async run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        await using AioFile file = AioFile.Open(system, run.CreatePath(4), new IoOpenOptions { Access = IoAccess.ReadWrite });
        byte[] buffer = new byte[Pattern.BlockBytes];
        await file.WriteAsync(buffer, 0);

        // A write whose completion comes after the failure.
        Injection stall = control.Stall(static request => request.Operation == IoOperation.Write);
        ValueTask inFlight = file.WriteAsync(buffer, 0);
        using (control.Replace(static _ => -Errno.EIO, request => request.Operation == flush))
        {
            AioException failure = await Assert.ThrowsAsync<AioException>(async () => await Flush());
            Assert.Contains("poisoned", failure.Message);
        }

        Assert.True(file.IsPoisoned);
        stall.Release();
        await Assert.ThrowsAsync<AioException>(async () => await inFlight);

        // The device is well again: a retry must not turn what was lost into a success.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<AioException>(async () => await Flush());
            await Assert.ThrowsAsync<AioException>(async () => await file.WriteAsync(buffer, 0));
            await Assert.ThrowsAsync<AioException>(async () => await file.ReadAsync(buffer, 0));
        }

        ValueTask Flush() => flush == IoOperation.Fsync ? file.FlushAllAsync() : file.FlushAsync();
    });

    [Theory]
    [InlineData(AioDurability.WriteThrough, IoOutcomeDetail.None)]
    [InlineData(AioDurability.FlushAfter, IoOutcomeDetail.FlushFailed)]
    public void AFailedDurableWritePoisonsTheFile(AioDurability durability, IoOutcomeDetail detail) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        using (control.Replace(static _ => -Errno.EIO, detail: detail))
        {
            context.Wait(Blocks.Write(context, file, 0, memory, 0, place, durability));
        }

        Assert.True(place.Result.IsFlushFailure);
        Assert.True(file.IsPoisoned);
        context.Wait(Blocks.Write(context, file, 0, memory, 0, place, durability));
        Assert.True(place.Result.IsFlushFailure);
    });

    [Theory]
    [InlineData(Errno.EIO, true)]
    [InlineData(Errno.EROFS, true)]
    [InlineData(Errno.ENOSPC, true)]
    [InlineData(Errno.EDQUOT, true)]
    [InlineData(Errno.EOPNOTSUPP, true)]
    [InlineData(Errno.ETIMEDOUT, true)]
    [InlineData(Errno.EBADF, false)]
    [InlineData(Errno.EINVAL, false)]
    public void AFlushThatFailsPoisonsWhateverTheReasonUnlessItWasNone(int errno, bool poisons) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        using (control.Replace(_ => -errno)) Flush();
        Assert.Equal((errno, poisons), (place.Result.Errno, place.Result.IsFlushFailure));
        Assert.Equal(poisons, file.IsPoisoned);

        // The device is well again.
        Flush();
        Assert.Equal(poisons, place.Result.Status == AioStatus.Error);

        void Flush()
        {
            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            handle.StartFsync(file);
            context.Wait(reference);
        }
    });

    [Theory]
    [InlineData(Errno.EROFS, true)]
    [InlineData(Errno.ETIMEDOUT, true)]
    [InlineData(Errno.ENOSPC, false)]
    [InlineData(Errno.EINVAL, false)]
    public void ADurableWriteThatFailsPoisonsUnlessNothingWasTaken(int errno, bool poisons) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        using (control.Replace(_ => -errno))
        {
            context.Wait(Blocks.Write(context, file, 0, memory, 0, place, AioDurability.WriteThrough));
        }

        Assert.Equal((errno, poisons), (place.Result.Errno, file.IsPoisoned));
    });

    [Fact]
    public void AFailedPlainWriteOrReadDoesNotPoison() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        using (control.Replace(static _ => -Errno.EIO))
        {
            context.Wait(Blocks.Write(context, file, 0, memory, 0, place));
            Assert.Equal(AioResult.Error(Errno.EIO), place.Result);
            context.Wait(Blocks.Read(context, file, 0, memory, 0, place));
            Assert.Equal(AioResult.Error(Errno.EIO), place.Result);
        }

        Assert.False(file.IsPoisoned);
        context.Wait(Blocks.Write(context, file, 0, memory, 0, place, AioDurability.FlushAfter));
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
    });

    [Fact]
    public void AShortWriteWithAFlushPromisesNothingAndTheFileCompletesIt() => RunAsync(async run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile raw = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        using (control.Replace(static _ => 100, times: 1))
        {
            context.Wait(Blocks.Write(context, raw, 0, memory, 0, place, AioDurability.FlushAfter));
            Assert.Equal(AioResult.Partial(100), place.Result);
        }

        await using AioFile file = AioFile.Open(system, run.CreatePath(1), new IoOpenOptions { Access = IoAccess.ReadWrite });
        byte[] buffer = new byte[Pattern.BlockBytes];
        Pattern.Fill(buffer, 0, seed: 9);
        using (Injection injection = control.Replace(static result => Math.Min(result, 5000), times: 1))
        {
            await file.WriteAsync(buffer, 0, AioDurability.FlushAfter);
            Assert.Equal(1, injection.Count);
        }

        if (run.Method.TransfersData) Pattern.Check(run.ReadAll(file.Path), 0, seed: 9);
    });
}
