#pragma warning disable CA1051, CA1711, CA1715, CA1720, CS0067

namespace Sluice.Testing.Tests.SurfaceSample;

public delegate T Convert<in TFrom, out T>(TFrom from)
    where T : class, new();

public enum Kind : byte
{
    None,
    Some = 4,
}

public interface IThing<TSelf>
    where TSelf : unmanaged, IThing<TSelf>
{
    static abstract TSelf Default { get; }

    int Count { get; }

    void Virtual()
    {
    }
}

public readonly record struct Pair(int First, long? Second);

public ref struct Window
{
    public ReadOnlySpan<byte> Bytes;

    public readonly ref readonly byte this[int index] => ref Bytes[index];
}

public abstract class Base : IDisposable
{
    public const string Name = "base";

    protected static readonly int s_count = 1;

    protected Base(string name, int? limit = null, params object[] rest)
    {
    }

    public event EventHandler? Changed;

    public required string Title { get; init; }

    public int Size { get; protected set; }

    public abstract void Run(in Pair pair, out int done, ref long total);

    public virtual List<Dictionary<string, T[]>> Generic<T>()
        where T : struct => [];

    public void Dispose() => GC.SuppressFinalize(this);

    internal void Hidden()
    {
    }

    protected internal virtual unsafe int* Pointer(delegate*<int, void> callback) => null;

    private protected void HiddenToo()
    {
    }
}

public sealed class Surface() : Base("surface")
{
    public override void Run(in Pair pair, out int done, ref long total) => done = 0;

    public static Surface operator +(Surface left, Surface right) => left ?? right;

    public sealed class Inner<T>
    {
        public T? Value { get; set; }
    }
}
