using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring.Tests;

/// <summary>A method with one context, requests to use and a folder to use them on; what a runtime would hold.</summary>
internal sealed unsafe class Bench : IDisposable
{
    internal const int VectorsMax = 8;
    private readonly IoVector* _vectors;
    private readonly List<nint> _memory = [];
    private ulong _lastToken;

    internal Bench(int handles = 64, params (string Name, string Value)[] settings)
    {
        Settings = SettingsOf(settings, handles);
        Method = new IoUringMethodFactory().Create(Settings);
        Context = Method.CreateContext(new IoMethodContextOptions(0, handles, VectorsMax, Sink));
        _vectors = (IoVector*)NativeMemory.AllocZeroed((nuint)(handles * VectorsMax * sizeof(IoVector)));
        Requests = new IoRequest[handles];
        for (int slot = 0; slot < handles; slot++) Requests[slot] = new IoRequest(slot, _vectors + (slot * VectorsMax));
    }

    internal IoMethodSettings Settings { get; }

    internal IoMethod Method { get; }

    internal IoMethodContext Context { get; }

    internal RecordingSink Sink { get; } = new();

    internal IoRequest[] Requests { get; }

    public static IoMethodSettings SettingsOf((string Name, string Value)[] settings, int handles = 64) => new()
    {
        ContextsMax = 8,
        HandlesPerContext = handles,
        Values = settings.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.OrdinalIgnoreCase),
    };

    internal static OsFile OpenUnnamed(bool direct = false) => (OsFile)IoFileSystem.OperatingSystem.Open(
        Path.GetTempPath(), new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.Unnamed, Direct = direct });

    /// <summary>Page-aligned memory that lives as long as the bench.</summary>
    internal byte* Allocate(int bytes, byte fill = 0)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        new Span<byte>(memory, bytes).Fill(fill);
        _memory.Add((nint)memory);
        return memory;
    }

    internal IoRequest Prepare(
        int slot, IoFile file, IoOperation operation, long offset = 0, IoRequestFlags flags = 0, params IoVector[] vectors)
    {
        IoRequest request = Requests[slot];
        request.Token = ++_lastToken;
        request.Operation = operation;
        request.Flags = flags;
        request.File = file;
        request.OffsetBytes = offset;
        request.VectorCount = vectors.Length;
        request.LengthBytes = 0;
        for (int index = 0; index < vectors.Length; index++)
        {
            request.Vectors[index] = vectors[index];
            request.LengthBytes += (long)vectors[index].LengthBytes;
        }

        return request;
    }

    internal IoRequest PrepareTransfer(
        int slot, IoFile file, IoOperation operation, byte* memory, int bytes, long offset = 0, IoRequestFlags flags = 0) =>
        Prepare(slot, file, operation, offset, flags, new IoVector(memory, bytes));

    /// <summary>Submits and waits until all of them were delivered.</summary>
    internal IoCompletion Run(IoRequest request, bool waitFollows = true)
    {
        int before = Sink.Count;
        Assert.Equal(1, Context.Submit([request], waitFollows));
        WaitForCount(before + 1);
        return Sink[request.Token];
    }

    internal IoCompletion RunRange(int slot, IoFile file, IoOperation operation, long offset, long length)
    {
        IoRequest request = Prepare(slot, file, operation, offset);
        request.LengthBytes = length;
        return Run(request);
    }

    internal void WaitForCount(int count, IoMethodContext? context = null, RecordingSink? sink = null)
    {
        while ((sink ?? Sink).Count < count) (context ?? Context).Wait(10_000);
    }

    internal long Counter(string name) => Method.ReadCounters().Single(pair => pair.Key == name).Value;

    internal string Line(string name) => Method.Describe().Single(pair => pair.Key == name).Value;

    public void Dispose()
    {
        Context.Dispose();
        Method.Dispose();
        NativeMemory.Free(_vectors);
        foreach (nint memory in _memory) NativeMemory.AlignedFree((void*)memory);
    }
}
