namespace Sluice.Methods.Simulated;

/// <summary>Arrays for pages, used again. Under the gate.</summary>
internal sealed class PagePool
{
    private readonly Stack<byte[]> _free = new();

    /// <summary>An array with whatever was in it.</summary>
    internal byte[] Rent() => _free.TryPop(out byte[]? page) ? page : GC.AllocateUninitializedArray<byte>(Page.Bytes);

    internal void Return(byte[]? page)
    {
        if (page is not null) _free.Push(page);
    }
}
