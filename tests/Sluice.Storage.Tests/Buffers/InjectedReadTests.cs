using Sluice.Storage.Tests.Buffers.Support;
using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>Reads that end short, fail, or take their time (acceptance groups J, K, F).</summary>
public sealed class InjectedReadTests
{
    public static TheoryData<string> Methods => PoolRig.Methods;

    public static TheoryData<string, bool> Cases => PoolRig.MethodsAndKinds;

    [Theory]
    [MemberData(nameof(Cases))]
    public void AShortReadIsReadToTheEnd(string method, bool isTemporary)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(12, isTemporary: isTemporary);
        foreach (int blocks in (int[])[1, 2])
        {
            PoolRig.ReadAll(session, relation, 4, 1);
            using Injection injection = rig.Control.Replace(_ => blocks * StorageLimits.PageBytes, static request =>
                request.Operation == IoOperation.Read);
            PoolRig.Scan(session, relation, 12);
            injection.Release();
            Assert.True(injection.Count > 1);
            PoolRig.Evict(session, relation);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void TheRestOfAShortReadIsVerifiedToo(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        rig.CorruptHeader(session, relation, 1);
        using Injection injection = rig.Control.Replace(static _ => StorageLimits.PageBytes, static request =>
            request.Operation == IoOperation.Read);
        Assert.Contains("invalid page in block 1", Assert.Throws<StorageException>(() =>
            PoolRig.ReadAll(session, relation, 0, 3)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AReadOfLessThanABlockIsAnError(string method)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        using (rig.Control.Replace(static _ => StorageLimits.PageBytes, static request => request.Operation == IoOperation.Read))
        {
            PoolRig.ReadAll(session, relation, 1, 1);
        }

        using (rig.Control.Replace(static _ => 17, request => PoolRig.IsReadOf(request, relation, 2)))
        {
            string message = Assert.Throws<AioException>(() => PoolRig.ReadAll(session, relation, 2, 1)).Message;
            Assert.Contains("(block 2)", message, StringComparison.Ordinal);
            Assert.Contains("read only 17 of 8192 bytes", message, StringComparison.Ordinal);
        }

        PoolRig.Scan(session, relation, 8);
    }

    [Theory]
    [InlineData("sync", Errno.EIO)]
    [InlineData("worker", Errno.EIO)]
    [InlineData("io_uring", Errno.EIO)]
    [InlineData("sync", Errno.EROFS)]
    [InlineData("worker", Errno.EROFS)]
    [InlineData("io_uring", Errno.EROFS)]
    public void AFailedReadFailsEachTimeUntilItWorks(string method, int errno)
    {
        using PoolRig rig = new(method);
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        using (rig.Control.Replace(_ => -errno, request => PoolRig.IsReadOf(request, relation, 2)))
        {
            for (int attempt = 0; attempt < 2; attempt++)
            {
                AioException failure = Assert.Throws<AioException>(() => PoolRig.ReadAll(session, relation, 2, 1));
                Assert.Equal(errno, failure.Errno);
                Assert.Contains("base/5/16384 (block 2)", failure.Message, StringComparison.Ordinal);
                Assert.Contains(Errno.Describe(errno), failure.Message, StringComparison.Ordinal);
            }
        }

        Assert.Contains(rig.Log, line => line.Message.Contains("base/5/16384 (block 2)", StringComparison.Ordinal));
        PoolRig.Scan(session, relation, 8);
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void OneBlockOfAnothersReadIsJoinedAndTheRestReadAlone(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        using Injection stall = rig.Control.Stall(request => PoolRig.IsReadOf(request, relation, 1), times: 1);
        Task<List<ReadRow>> stalled = PoolRig.Elsewhere(() => PoolRig.ReadAll(b, relation, 1, 1));
        Assert.True(stall.WaitUntilStalled(1, PoolRig.Patience));
        (List<(ReadOperation Operation, ReadRow Row)> started, BufferPin[] pins) = PoolRig.StartAll(a, relation, 1, 4);
        Assert.Equal(["0/1/foreign/1", "1/2/io/3"], started.Select(static entry => entry.Row.ToString()));
        Task<List<ReadRow>> waiting = PoolRig.Elsewhere(() => PoolRig.WaitAll(a, started, pins));
        Assert.False(stalled.IsCompleted || waiting.IsCompleted);
        stall.Release();
        PoolRig.Run(waiting);
        PoolRig.Run(stalled);
        PoolRig.Scan(a, relation, 8);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void TwoBlocksOfOneForeignReadAreTwoWaits(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        using Injection stall = rig.Control.Stall(request => PoolRig.IsReadOf(request, relation, 2), times: 1);
        Task<List<ReadRow>> stalled = PoolRig.Elsewhere(() => PoolRig.ReadAll(b, relation, 2, 2));
        Assert.True(stall.WaitUntilStalled(1, PoolRig.Patience));
        (List<(ReadOperation Operation, ReadRow Row)> started, BufferPin[] pins) = PoolRig.StartAll(a, relation, 0, 4);
        Assert.Equal(["0/0/io/2", "2/2/foreign/1", "3/3/foreign/1"], started.Select(static entry => entry.Row.ToString()));
        Task<List<ReadRow>> waiting = PoolRig.Elsewhere(() => PoolRig.WaitAll(a, started, pins));
        stall.Release();
        PoolRig.Run(waiting);
        PoolRig.Run(stalled);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void OneBlockOfAnothersReadIsJoinedWhileItsCompletionRuns(string method)
    {
        // The raw result is there, and whoever reaped it stands still within the callback that judges the page.
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        rig.CorruptChecksum(a, relation, 1);
        using CompletionStall stall = new(rig.Pool);
        Task<List<ReadRow>> stalled = stall.Until(
            PoolRig.Elsewhere(() => PoolRig.ReadAll(b, relation, 1, 1, ReadFlags.IgnoreChecksumFailures)));
        stall.WaitUntilStalled();
        Assert.Single(rig.System.Snapshot(), static row => row.State == AioHandleState.CompletedIo);
        (List<(ReadOperation Operation, ReadRow Row)> started, BufferPin[] pins) = PoolRig.StartAll(a, relation, 1, 4);
        Assert.Equal(["0/1/foreign/1", "1/2/io/3"], started.Select(static entry => entry.Row.ToString()));
        Task<List<ReadRow>> waiting = PoolRig.Elsewhere(() => PoolRig.WaitAll(a, started, pins));
        Assert.False(stalled.IsCompleted || waiting.IsCompleted);
        stall.Release();
        PoolRig.Run(waiting);
        PoolRig.Run(stalled);
        Assert.Equal(1, b.ReadStatistics().Count(IoObject.Relation, IoAction.Read));
        Assert.Equal(1, a.ReadStatistics().Count(IoObject.Relation, IoAction.Read));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void TwoBlocksOfOneForeignReadAreTwoWaitsWhileItsCompletionRuns(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        rig.CorruptChecksum(a, relation, 2);
        using CompletionStall stall = new(rig.Pool);
        Task<List<ReadRow>> stalled = stall.Until(
            PoolRig.Elsewhere(() => PoolRig.ReadAll(b, relation, 2, 2, ReadFlags.IgnoreChecksumFailures)));
        stall.WaitUntilStalled();
        (List<(ReadOperation Operation, ReadRow Row)> started, BufferPin[] pins) = PoolRig.StartAll(a, relation, 0, 4);
        Assert.Equal(["0/0/io/2", "2/2/foreign/1", "3/3/foreign/1"], started.Select(static entry => entry.Row.ToString()));
        Task<List<ReadRow>> waiting = PoolRig.Elsewhere(() => PoolRig.WaitAll(a, started, pins));
        stall.Release();
        PoolRig.Run(waiting);
        PoolRig.Run(stalled);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AnothersFailedReadIsReadAgainWithoutAnError(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        using Injection fail = rig.Control.Replace(static _ => -Errno.EIO, request => PoolRig.IsReadOf(request, relation, 5), times: 1);
        ReadOperation operation = b.CreateReadOperation();
        BufferPin[] pins = new BufferPin[1];
        b.StartReadBuffers(operation, relation, RelationFork.Main, 5, pins, 0, 1);
        using (BufferPin pin = a.Read(relation, RelationFork.Main, 5)) TestPage.Check(pin.Page, 16384, 5);
        Assert.Throws<AioException>(() => b.WaitReadBuffers(operation));
        pins[0].Release();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void AReadThatItsIssuerNeverLooksAtAgainServesOthers(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        (_, BufferPin[] pins) = PoolRig.StartAll(a, relation, 1, 1);
        using (BufferPin pin = b.Read(relation, RelationFork.Main, 1)) TestPage.Check(pin.Page, 16384, 1);
        foreach (BufferPin pin in pins) pin.Release();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ASessionThatEndsWithAReadInFlightLeavesItToOthers(string method)
    {
        using PoolRig rig = new(method);
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(8);
        BufferSession a = rig.Pool.CreateSession("a");
        (List<(ReadOperation Operation, ReadRow)> started, BufferPin[] pins) = PoolRig.StartAll(a, relation, 1, 2);
        foreach ((ReadOperation operation, _) in started) operation.Abandon();
        foreach (BufferPin pin in pins) pin.Release();
        a.Dispose();
        PoolRig.Scan(b, relation, 8);
        Assert.Equal(0, rig.Pool.Summarize().Pinned);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ABatchOfReadsIsSubmittedBeforeAnybodyWaits(string method)
    {
        using PoolRig rig = new(method);
        BufferSession a = rig.Session("a");
        BufferSession b = rig.Session("b");
        Relation relation = rig.Make(16);
        using (a.Context.EnterBatch())
        {
            (List<(ReadOperation, ReadRow)> first, BufferPin[] pins) = PoolRig.StartAll(a, relation, 0, 2);

            // Another flow meets the staged read, and does not wait for ever.
            using (BufferPin pin = b.Read(relation, RelationFork.Main, 1)) TestPage.Check(pin.Page, 16384, 1);
            PoolRig.WaitAll(a, first, pins);
        }
    }
}
