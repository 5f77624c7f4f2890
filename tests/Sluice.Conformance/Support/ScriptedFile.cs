namespace Sluice.Conformance.Support;

/// <summary>A kind of file that is none of the system's: a test says what becomes of each request.</summary>
public sealed unsafe class ScriptedFile(Func<IoRequest, IoOutcome> execute) : IoFile("scripted", IoAccess.ReadWrite)
{
    public override IoFileCapabilities Capabilities { get; } = new();

    public static Span<byte> Span(IoVector vector) => new((void*)vector.Address, (int)vector.LengthBytes);

    public override IoOutcome Execute(IoRequest request) => execute(request);

    public override long GetLength() => 0;

    public override void SetLength(long lengthBytes)
    {
    }

    protected override void CloseCore()
    {
    }
}
