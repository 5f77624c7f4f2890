using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>A file that is no descriptor: bytes in memory.</summary>
internal sealed unsafe class MemoryFile(byte[] content, IoFileCapabilities? capabilities = null) : IoFile("memory", IoAccess.ReadWrite)
{
    private int _closeCount;

    internal int CloseCount => Volatile.Read(ref _closeCount);

    internal Action? Closing { get; init; }

    public override IoFileCapabilities Capabilities { get; } = capabilities ?? new IoFileCapabilities();

    public override long GetLength() => content.Length;

    public override void SetLength(long lengthBytes) => Array.Resize(ref content, (int)lengthBytes);

    public override IoOutcome Execute(IoRequest request)
    {
        int position = (int)Math.Min(request.OffsetBytes, content.Length);
        int done = 0;
        foreach (IoVector vector in request.VectorSpan)
        {
            int length = Math.Min((int)vector.LengthBytes, content.Length - position - done);
            Span<byte> memory = new((void*)vector.Address, length);
            if (request.Operation == IoOperation.Read) content.AsSpan(position + done, length).CopyTo(memory);
            else memory.CopyTo(content.AsSpan(position + done));
            done += length;
        }

        return new IoOutcome(done);
    }

    protected override void CloseCore()
    {
        Closing?.Invoke();
        _ = Interlocked.Increment(ref _closeCount);
    }
}
