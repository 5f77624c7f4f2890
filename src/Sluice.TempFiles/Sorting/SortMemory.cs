using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>
/// Large native memory, with huge pages where the system has some. Freed when disposed; counts for the budget of its sort.
/// </summary>
internal sealed unsafe partial class SortMemory : IDisposable
{
    private const int HugePageBytes = 2 << 20;
    private const int AdviseHugePage = 14;

    internal SortMemory(long lengthBytes) => Allocate(lengthBytes);

    internal byte* Address { get; private set; }

    internal long LengthBytes { get; private set; }

    /// <summary>Makes it longer; the content of the first bytes stays.</summary>
    internal void Grow(long lengthBytes, long keepBytes)
    {
        byte* old = Address;
        Allocate(lengthBytes);
        Buffer.MemoryCopy(old, Address, lengthBytes, keepBytes);
        NativeMemory.AlignedFree(old);
    }

    /// <summary>Makes it anew, with another length. The content is lost.</summary>
    internal void Replace(long lengthBytes)
    {
        Dispose();
        Allocate(lengthBytes);
    }

    public void Dispose()
    {
        if (Address is null) return;
        NativeMemory.AlignedFree(Address);
        Address = null;
        LengthBytes = 0;
    }

    private void Allocate(long lengthBytes)
    {
        Address = (byte*)NativeMemory.AlignedAlloc((nuint)lengthBytes, lengthBytes >= HugePageBytes ? HugePageBytes : 4096u);
        LengthBytes = lengthBytes;

        // A hint: whether it is heard is the system's business.
        if (OperatingSystem.IsLinux() && lengthBytes >= HugePageBytes) _ = Advise(Address, (nuint)lengthBytes, AdviseHugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
