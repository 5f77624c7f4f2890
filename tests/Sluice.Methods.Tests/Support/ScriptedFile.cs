namespace Sluice.Methods.Tests.Support;

/// <summary>A file that does what the test says. Executing returns the request's length unless said otherwise.</summary>
internal sealed class ScriptedFile() : IoFile("scripted", IoAccess.ReadWrite)
{
    private int _tries;
    private int _executions;

    internal Func<IoRequest, IoOutcome>? OnExecute { get; set; }

    /// <summary>What a try without blocking gives; null is "would block".</summary>
    internal Func<IoRequest, IoOutcome?>? OnTry { get; set; }

    internal int Tries => Volatile.Read(ref _tries);

    internal int Executions => Volatile.Read(ref _executions);

    public override IoFileCapabilities Capabilities { get; } = new();

    public override IoOutcome Execute(IoRequest request)
    {
        Interlocked.Increment(ref _executions);
        return OnExecute?.Invoke(request) ?? new IoOutcome((int)request.LengthBytes);
    }

    public override bool TryExecuteWithoutBlocking(IoRequest request, out IoOutcome outcome)
    {
        Interlocked.Increment(ref _tries);
        IoOutcome? tried = OnTry?.Invoke(request);
        outcome = tried ?? default;
        return tried is not null;
    }

    public override long GetLength() => long.MaxValue;

    public override void SetLength(long lengthBytes)
    {
    }

    protected override void CloseCore()
    {
    }
}
