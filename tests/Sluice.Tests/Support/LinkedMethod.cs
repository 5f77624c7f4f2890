using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>
/// A method in the test's own process: executes with results capped at a number of bytes, or holds everything until it is let go.
/// </summary>
internal sealed unsafe class LinkedMethod : IoMethod, IIoMethodFactory
{
    private readonly Lock _lock = new();
    private readonly List<(Context Context, IoRequest Request)> _held = [];

    /// <summary>The most bytes one request transfers.</summary>
    internal int BytesMax { get; set; } = int.MaxValue;

    /// <summary>Whether requests are kept until <see cref="LetGo"/>.</summary>
    internal bool Holds { get; set; }

    /// <summary>What a request is answered instead of being executed.</summary>
    internal Func<IoRequest, IoOutcome?>? Answer { get; set; }

    /// <summary>What becomes of <see cref="IoMethod.FileClosing"/>.</summary>
    internal Action? OnFileClosing { get; set; }

    internal int HeldCount
    {
        get
        {
            lock (_lock) return _held.Count;
        }
    }

    public override string Name => "linked";

    /// <summary>The most requests in flight per context that the method says it takes.</summary>
    internal int DepthMax { get; init; } = int.MaxValue;

    public override IoMethodCapabilities Capabilities => new() { IsDriven = false, LinksFlush = true, DepthMax = DepthMax };

    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => this;

    public override IoMethodContext CreateContext(IoMethodContextOptions options) => new Context(this, options.Sink);

    public override void FileClosing(IoFile file) => OnFileClosing?.Invoke();

    public override void Dispose()
    {
    }

    /// <summary>Completes what is held, on the calling thread.</summary>
    internal int LetGo()
    {
        (Context Context, IoRequest Request)[] held;
        lock (_lock)
        {
            held = [.. _held];
            _held.Clear();
        }

        foreach ((Context context, IoRequest request) in held) context.Deliver(request);
        return held.Length;
    }

    /// <summary>Whether the issuer completes what is held before it would sleep.</summary>
    internal bool LetsIssuerHelp { get; set; }

    /// <summary>What it throws when it is asked to.</summary>
    internal Exception? HelpFault { get; set; }

    /// <summary>Waits until so many are held.</summary>
    internal void AwaitHeld(int count) =>
        Assert.True(SpinWait.SpinUntil(() => HeldCount >= count, TestSystem.Watchdog), "Nothing was submitted.");

    private IoOutcome Execute(IoRequest request)
    {
        if (Answer?.Invoke(request) is { } answer) return answer;
        if (request.Operation is not (IoOperation.Read or IoOperation.Write) || request.LengthBytes <= BytesMax)
        {
            return request.File.Execute(request);
        }

        IoVector vector = new(request.Vectors[0].Address, nuint.Min(request.Vectors[0].LengthBytes, (nuint)BytesMax));
        IoRequest part = new(0, &vector)
        {
            Operation = request.Operation,
            Flags = request.Flags,
            VectorCount = 1,
            OffsetBytes = request.OffsetBytes,
            LengthBytes = (long)vector.LengthBytes,
            File = request.File,
        };
        return request.File.Execute(part);
    }

    private sealed class Context(LinkedMethod method, IoCompletionSink sink) : IoMethodContext
    {
        public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
        {
            foreach (IoRequest request in batch)
            {
                if (method.Holds)
                {
                    lock (method._lock) method._held.Add((this, request));
                }
                else
                {
                    Deliver(request);
                }
            }

            return batch.Length;
        }

        public override bool TryExecuteSubmitted()
        {
            if (method.HelpFault is { } fault) throw fault;
            return method.LetsIssuerHelp && method.LetGo() != 0;
        }

        public override void Dispose()
        {
        }

        internal void Deliver(IoRequest request)
        {
            ulong token = request.Token;
            sink.Complete([new IoCompletion(token, method.Execute(request))]);
        }
    }
}
