using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>Which form a log takes that was asked to take the fastest.</summary>
public sealed class SyncFormTests : IDisposable
{
    private const int SlowMilliseconds = 60;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DurableWriteForm.WriteThenFlush, WalSyncForm.Fdatasync)]
    [InlineData(DurableWriteForm.WriteThrough, WalSyncForm.WriteDatasync)]
    [InlineData(DurableWriteForm.FileWriteThrough, WalSyncForm.OpenDatasync)]
    [InlineData(DurableWriteForm.LinkedFlush, WalSyncForm.LinkedFdatasync)]
    public void EachFormOfTheProbeHasItsFormOfTheLog(DurableWriteForm probed, WalSyncForm expected) => Assert.Equal(expected, WriteAheadLog.FormOf(probed));

    // All forms but one are made slow: so the probe finds that one, on any disk.
    [Theory]
    [InlineData(WalSyncForm.WriteDatasync)]
    [InlineData(WalSyncForm.OpenDatasync)]
    [InlineData(WalSyncForm.LinkedFdatasync)]
    public async Task AutoTakesWhatTheProbeFindsFastest(WalSyncForm fastest)
    {
        InjectionControl control = new()
        {
            Completing = (request, _) =>
            {
                if (!Path.GetFileName(request.File.Path).StartsWith(".sluice-probe", StringComparison.Ordinal)) return;
                if (request.Operation is IoOperation.Write or IoOperation.Fdatasync && FormOf(request) != fastest) Thread.Sleep(SlowMilliseconds);
            },
        };
        await using AioSystem system = TestLog.Start(control, "worker");
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SyncForm = WalSyncForm.Auto });
        Assert.Equal(fastest, log.SyncForm);
        LogPosition end = await log.AppendAndFlushAsync(1, TestLog.Body(1, 100));
        Assert.True(log.DurablePosition >= end);
    }

    // A plain write is that of a file opened for it, or the first half of a write and a flush, whose other half is slow.
    private static WalSyncForm FormOf(IoRequest request) =>
        request.Operation == IoOperation.Fdatasync ? WalSyncForm.Fdatasync
        : request.Has(IoRequestFlags.WriteThrough) ? WalSyncForm.WriteDatasync
        : request.Has(IoRequestFlags.FlushAfter) ? WalSyncForm.LinkedFdatasync
        : WalSyncForm.OpenDatasync;
}
