using System.Runtime.InteropServices;

namespace Sluice.Methods.Tests.Support;

/// <summary>Requests with native vectors and one aligned buffer each. The token of a request is its slot.</summary>
internal sealed unsafe class TestRequests : IDisposable
{
    internal const int BufferBytes = 8192;
    private const int VectorsMax = 4;

    private readonly IoRequest[] _requests;
    private readonly IoVector* _vectors;
    private readonly byte* _buffers;

    internal TestRequests(int count)
    {
        _vectors = (IoVector*)NativeMemory.AllocZeroed((nuint)(count * VectorsMax), (nuint)sizeof(IoVector));
        _buffers = (byte*)NativeMemory.AlignedAlloc((nuint)(count * BufferBytes), 4096);
        new Span<byte>(_buffers, count * BufferBytes).Clear();
        _requests = new IoRequest[count];
        for (int slot = 0; slot < count; slot++)
        {
            _requests[slot] = new IoRequest(slot, _vectors + (slot * VectorsMax)) { Token = (ulong)slot };
        }
    }

    internal IoRequest this[int slot] => _requests[slot];

    internal int Count => _requests.Length;

    internal ReadOnlySpan<IoRequest> All => _requests;

    internal ReadOnlySpan<IoRequest> Range(int start, int count) => _requests.AsSpan(start, count);

    internal Span<byte> BufferOf(int slot) => new(_buffers + (slot * BufferBytes), BufferBytes);

    internal IoRequest Set(
        int slot,
        IoFile file,
        IoOperation operation,
        long offsetBytes = 0,
        int lengthBytes = BufferBytes,
        IoRequestFlags flags = IoRequestFlags.None,
        int pieces = 1)
    {
        IoRequest request = _requests[slot];
        request.File = file;
        request.Operation = operation;
        request.Flags = flags;
        request.OffsetBytes = offsetBytes;
        request.LengthBytes = lengthBytes;
        request.VectorCount = operation is IoOperation.Read or IoOperation.Write ? pieces : 0;
        for (int i = 0; i < request.VectorCount; i++)
        {
            int length = lengthBytes / pieces;
            request.Vectors[i] = new IoVector(_buffers + (slot * BufferBytes) + (i * length), length);
        }

        return request;
    }

    public void Dispose()
    {
        NativeMemory.Free(_vectors);
        NativeMemory.AlignedFree(_buffers);
    }
}
