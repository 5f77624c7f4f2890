using System.Collections.Concurrent;
using Sluice.Methods;

namespace Sluice.TestPlugins.Injecting;

/// <summary>
/// The wrapper of one context. Completions of a driven method that were held back are delivered by the next Wait or Reap, others by whoever
/// releases them.
/// </summary>
internal sealed unsafe class InjectingContext : IoMethodContext
{
    private readonly InjectingMethod _method;
    private readonly IoMethodContext _inner;
    private readonly InjectionControl _control;
    private readonly IoCompletionSink _sink;
    private readonly bool _isDriven;
    private readonly int _id;
    private readonly ConcurrentDictionary<ulong, IoRequest> _requests = new();
    private readonly ConcurrentQueue<IoCompletion> _released = new();

    internal InjectingContext(InjectingMethod method, IoMethod inner, InjectionControl control, IoMethodContextOptions options)
    {
        _method = method;
        _control = control;
        _sink = options.Sink;
        _id = options.Id;
        _isDriven = inner.Capabilities.IsDriven;
        _inner = inner.CreateContext(options with { Sink = new InterceptingSink(this) });
    }

    public override bool HasCompletions => !_released.IsEmpty || _inner.HasCompletions;

    public override bool NeedsSynchronousExecution(IoRequest request) => false;

    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        if (_control.ShouldThrowFromSubmit()) throw new InjectedException("Submit");
        if (_control.ShouldTakeFewer()) batch = batch[..(batch.Length / 2)];
        foreach (IoRequest request in batch)
        {
            _requests[request.Token] = request;
            _control.Submitting?.Invoke(request);
        }

        // The inner method gets runs of what it takes; what it wants executed in place is executed here, in order.
        int start = 0;
        for (int index = 0; index < batch.Length; index++)
        {
            if (!_inner.NeedsSynchronousExecution(batch[index])) continue;
            SubmitInner(batch[start..index], waitFollows);
            start = index + 1;
            ExecuteHere(batch[index]);
        }

        SubmitInner(batch[start..], waitFollows);
        return batch.Length;
    }

    public override void Wait(int timeoutMilliseconds)
    {
        if (_control.ShouldThrowFromWait())
        {
            _inner.Wait(0);
            throw new InjectedException("Wait");
        }

        bool hasDelivered = DeliverReleased() > 0;
        _inner.Wait(hasDelivered ? 0 : timeoutMilliseconds);
        DeliverReleased();
    }

    public override int Reap() => DeliverReleased() + _inner.Reap();

    public override void Wake() => _inner.Wake();

    public override void SetWatched(bool watched)
    {
        _inner.SetWatched(watched);
        if (watched && !_released.IsEmpty) _method.SignalReady(_id);
    }

    public override void Dispose() => _inner.Dispose();

    private void SubmitInner(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        if (batch.IsEmpty) return;
        int taken = _inner.Submit(batch, waitFollows);
        if (taken != batch.Length) throw new InvalidOperationException("The wrapped method did not take all.");
    }

    private void ExecuteHere(IoRequest request)
    {
        ulong token = request.Token;
        IoOutcome outcome;
        try
        {
            outcome = request.File.Execute(request);
        }
        catch (Exception)
        {
            outcome = new IoOutcome(-Errno.EIO, IoOutcomeDetail.Unknown);
        }

        Intercept([new IoCompletion(token, outcome)]);
    }

    private void Intercept(ReadOnlySpan<IoCompletion> completions)
    {
        List<IoCompletion> through = new(completions.Length);
        foreach (IoCompletion completion in completions) InterceptOne(completion, through);
        if (_control.Reorders) through.Reverse();
        if (through.Count > 0) _sink.Complete(through.ToArray());
    }

    private void InterceptOne(IoCompletion completion, List<IoCompletion> through)
    {
        _requests.TryRemove(completion.Token, out IoRequest? request);
        if (request is not null) _control.Completing?.Invoke(request, completion.Result);
        Injection? injection = request is null ? null : _control.Take(request);
        switch (injection?.Kind)
        {
            case InjectionKind.Stall:
                IoCompletion held = injection.Replace is null ? completion : Replace(completion, request!, injection);
                if (!injection.Hold(() => DeliverLater(held))) through.Add(held);
                return;
            case InjectionKind.Delay:
                ThreadPool.UnsafeQueueUserWorkItem(_ => DeliverLater(completion), null);
                return;
            case InjectionKind.Replace:
                through.Add(Replace(completion, request!, injection));
                return;
            case InjectionKind.Twice:
                through.Add(completion);
                through.Add(completion);
                return;
            case InjectionKind.Stale:
                through.Add(completion with { Token = completion.Token - (1UL << 20), Result = -Errno.EIO });
                through.Add(completion with { Token = completion.Token | 0xF_FFFF, Result = -Errno.EIO });
                through.Add(completion);
                return;
            default:
                through.Add(completion);
                return;
        }
    }

    private static IoCompletion Replace(IoCompletion completion, IoRequest request, Injection injection)
    {
        int replaced = injection.Replace!(completion.Result);
        if (replaced >= completion.Result) return completion;
        if (request.Operation == IoOperation.Read) Scramble(request, Math.Max(replaced, 0));
        return new IoCompletion(completion.Token, replaced, injection.Detail);
    }

    private static void Scramble(IoRequest request, int keptBytes)
    {
        long position = 0;
        foreach (IoVector vector in request.VectorSpan)
        {
            for (long index = 0; index < (long)vector.LengthBytes; index++, position++)
            {
                if (position >= keptBytes) ((byte*)vector.Address)[index] = 0x5A;
            }
        }
    }

    private void DeliverLater(IoCompletion completion)
    {
        if (!_isDriven)
        {
            _sink.Complete([completion]);
            return;
        }

        _released.Enqueue(completion);
        _inner.Wake();
        _method.SignalReady(_id);
    }

    private int DeliverReleased()
    {
        int count = 0;
        while (_released.TryDequeue(out IoCompletion completion))
        {
            _sink.Complete([completion]);
            count++;
        }

        return count;
    }

    private sealed class InterceptingSink(InjectingContext context) : IoCompletionSink
    {
        public override void Complete(ReadOnlySpan<IoCompletion> completions) => context.Intercept(completions);
    }
}
