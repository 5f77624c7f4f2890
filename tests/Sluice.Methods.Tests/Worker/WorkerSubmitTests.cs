using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>What the submitter does itself: reads that need no waiting, and what finds no room in the queue.</summary>
public class WorkerSubmitTests
{
    [Fact]
    public void AReadWhoseDataIsCachedIsExecutedAtOnce()
    {
        using ScriptedFile file = new() { OnTry = request => new IoOutcome((int)request.LengthBytes) };
        using TestRequests requests = new(32);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Read, flags: IoRequestFlags.Buffered);

        context.Offer(sink, requests.All);

        Assert.Equal(32, sink.Total);
        for (int i = 0; i < 32; i++) Assert.Equal(Environment.CurrentManagedThreadId, sink.ThreadOf(i));
        Assert.Equal(0, file.Executions);
        Assert.Equal(32, MethodSettings.Counter(method, "nowait_hits"));
        Assert.Equal(0, MethodSettings.Counter(method, "executed_by_workers"));
    }

    [Fact]
    public void OnlyBufferedReadsAreTried()
    {
        using ScriptedFile file = new() { OnTry = request => new IoOutcome((int)request.LengthBytes) };
        using TestRequests requests = new(3);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(3);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read);
        requests.Set(1, file, IoOperation.Write, flags: IoRequestFlags.Buffered);
        requests.Set(2, file, IoOperation.Fsync, flags: IoRequestFlags.Buffered);

        context.Offer(sink, requests.All);
        sink.WaitForTotal(3);

        Assert.Equal(0, file.Tries);
        Assert.Equal(3, file.Executions);
    }

    [Fact]
    public void NothingIsTriedWhenTheSettingSaysSo()
    {
        using ScriptedFile file = new() { OnTry = request => new IoOutcome((int)request.LengthBytes) };
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("nowait_reads", "false")));
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read, flags: IoRequestFlags.Buffered);

        context.Offer(sink, requests.All);
        sink.WaitFor(0);

        Assert.Equal(0, file.Tries);
        Assert.NotEqual(Environment.CurrentManagedThreadId, sink.ThreadOf(0));
    }

    [Fact]
    public void AContextThatNeverHitsTriesOneReadInSixteen()
    {
        using ScriptedFile file = new();
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read, flags: IoRequestFlags.Buffered);

        for (int i = 1; i <= 8 + 160; i++)
        {
            context.Offer(sink, requests.All);
            sink.WaitFor(0, i);
        }

        Assert.Equal(8 + 10, file.Tries);
        Assert.Equal(8 + 10, MethodSettings.Counter(method, "nowait_misses"));
    }

    [Fact]
    public void OneHitMakesTheContextTryEveryReadAgain()
    {
        bool cached = false;
        using ScriptedFile file = new() { OnTry = request => cached ? new IoOutcome((int)request.LengthBytes) : null };
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read, flags: IoRequestFlags.Buffered);
        int submitted = 0;
        Submit(8);

        cached = true;
        Submit(16);
        Assert.Equal(8 + 1, file.Tries);
        Submit(50);

        Assert.Equal(8 + 1 + 50, file.Tries);
        Assert.Equal(51, MethodSettings.Counter(method, "nowait_hits"));

        void Submit(int count)
        {
            for (int i = 0; i < count; i++)
            {
                context.Offer(sink, requests.All);
                sink.WaitFor(0, ++submitted);
            }
        }
    }

    [Fact]
    public void WhatFindsNoRoomInTheQueueIsExecutedByTheSubmitter()
    {
        using ManualResetEventSlim gate = new();
        int submitter = Environment.CurrentManagedThreadId;
        using ScriptedFile file = new()
        {
            OnExecute = request =>
            {
                if (Environment.CurrentManagedThreadId != submitter) gate.Wait(Watchdog.Patience);
                return new IoOutcome((int)request.LengthBytes);
            },
        };
        using TestRequests requests = new(32);
        using IoMethod method = new WorkerMethodFactory().Create(
            MethodSettings.With(("min_workers", "1"), ("max_workers", "1"), ("queue_entries", "4")));
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Write);

        // The worker takes one and stops in it; four fill the queue.
        context.Offer(sink, requests.Range(0, 1));
        Watchdog.Until(() => file.Executions == 1, "the worker takes the first request");
        context.Offer(sink, requests.Range(1, 31));

        Assert.Equal(27, MethodSettings.Counter(method, "queue_overflows"));
        Assert.Equal(27, sink.Total);
        for (int i = 5; i < 32; i++) Assert.Equal(submitter, sink.ThreadOf(i));
        gate.Set();
        sink.WaitForTotal(32);
        for (int i = 0; i < 32; i++) Assert.Equal(1, sink.DeliveriesOf(i));
    }

    [Fact]
    public void SmallReadsAreTrustedAfterManyHitsUntilATrialMisses()
    {
        bool cached = true;
        using ScriptedFile file = new() { OnTry = request => cached ? new IoOutcome((int)request.LengthBytes) : null };
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Read, flags: IoRequestFlags.Buffered);
        int offered = 0;
        Offer(128);
        Assert.Equal(128, file.Tries);

        Offer(16);
        Assert.Equal(128 + 2, file.Tries);
        Assert.Equal(14, MethodSettings.Counter(method, "trusted_reads"));

        cached = false;
        Offer(8);
        Assert.Equal(21, MethodSettings.Counter(method, "trusted_reads"));
        Assert.Equal(1, MethodSettings.Counter(method, "nowait_misses"));
        Offer(4);
        Assert.Equal(21, MethodSettings.Counter(method, "trusted_reads"));

        void Offer(int count)
        {
            for (int i = 0; i < count; i++)
            {
                context.Offer(sink, requests.All);
                sink.WaitFor(0, ++offered);
            }
        }
    }

    [Fact]
    public void AFileThatThrowsInTheSubmitterFailsItsRequestOnly()
    {
        using ScriptedFile bad = new() { OnTry = _ => throw new InvalidOperationException("broken") };
        using ScriptedFile good = new() { OnTry = request => new IoOutcome((int)request.LengthBytes) };
        using TestRequests requests = new(2);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(2);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, bad, IoOperation.Read, flags: IoRequestFlags.Buffered);
        requests.Set(1, good, IoOperation.Read, flags: IoRequestFlags.Buffered);

        Assert.Equal(2, context.Offer(sink, requests.All));

        Assert.Equal(new IoCompletion(0, -Errno.EIO), sink.Last(0));
        Assert.Equal(TestRequests.BufferBytes, sink.Last(1).Result);
        Assert.Equal(1, MethodSettings.Counter(method, "faults"));
    }

    [Fact]
    public void CountersOfADisposedContextStay()
    {
        using ScriptedFile file = new() { OnTry = request => new IoOutcome((int)request.LengthBytes) };
        using TestRequests requests = new(4);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        for (int round = 1; round <= 3; round++)
        {
            RecordingSink sink = new(4);
            using IoMethodContext context = MethodSettings.Context(method, sink);
            for (int i = 0; i < 4; i++) requests.Set(i, file, IoOperation.Read, flags: IoRequestFlags.Buffered);
            context.Offer(sink, requests.All);
        }

        Assert.Equal(12, MethodSettings.Counter(method, "submitted"));
        Assert.Equal(12, MethodSettings.Counter(method, "nowait_hits"));
    }
}
