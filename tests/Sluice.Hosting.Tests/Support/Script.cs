using Sluice.Methods;

namespace Sluice.Hosting.Tests.Support;

/// <summary>What the scripted method does with requests, and those that it holds back.</summary>
public sealed class Script
{
    private readonly Lock _lock = new();
    private readonly List<(IoCompletionSink Sink, IoRequest Request)> _held = [];
    private readonly TaskCompletionSource _firstHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Requests are kept until <see cref="Release"/>.</summary>
    public bool Stalls { get; set; }

    /// <summary>Every completion is delivered twice.</summary>
    public bool CompletesTwice { get; set; }

    /// <summary>Submit throws.</summary>
    public bool Throws { get; set; }

    /// <summary>Submit takes nothing.</summary>
    public bool Refuses { get; set; }

    /// <summary>Flushes fail with EIO.</summary>
    public bool FailsFlush { get; set; }

    /// <summary>Completes when the first request is held.</summary>
    public Task FirstHeld => _firstHeld.Task;

    /// <summary>How many requests are held.</summary>
    public int HeldCount
    {
        get
        {
            lock (_lock) return _held.Count;
        }
    }

    /// <summary>Executes what was held; nothing is held from now on.</summary>
    public void Release()
    {
        Stalls = false;
        List<(IoCompletionSink Sink, IoRequest Request)> held;
        lock (_lock)
        {
            held = [.. _held];
            _held.Clear();
        }

        foreach ((IoCompletionSink sink, IoRequest request) in held) Execute(sink, request);
    }

    internal int Submit(IoCompletionSink sink, ReadOnlySpan<IoRequest> batch)
    {
        if (Throws) throw new InvalidOperationException("a mistake of the method's own");
        if (Refuses) return 0;
        foreach (IoRequest request in batch)
        {
            if (Stalls) Hold(sink, request);
            else Execute(sink, request);
        }

        return batch.Length;
    }

    private void Hold(IoCompletionSink sink, IoRequest request)
    {
        lock (_lock) _held.Add((sink, request));
        _firstHeld.TrySetResult();
    }

    private void Execute(IoCompletionSink sink, IoRequest request)
    {
        ulong token = request.Token;
        bool fails = FailsFlush && request.Operation is IoOperation.Fdatasync or IoOperation.Fsync;
        IoCompletion completion = fails ? new IoCompletion(token, -Errno.EIO) : new IoCompletion(token, request.File.Execute(request));
        sink.Complete([completion]);
        if (CompletesTwice) sink.Complete([completion]);
    }
}
