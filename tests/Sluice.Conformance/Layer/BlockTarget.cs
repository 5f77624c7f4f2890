namespace Sluice.Conformance.Layer;

/// <summary>What the suite's I/O is about: blocks of a file.</summary>
[AioTarget("blocks", CanReopen = false, Callbacks = [])]
public readonly partial struct BlockTarget(int firstBlock, int count)
{
    public int FirstBlock { get; } = firstBlock;

    public int Count { get; } = count;

    private static string Describe(in BlockTarget target) => target.Count == 1
        ? $"block {target.FirstBlock}"
        : $"blocks {target.FirstBlock}..{target.FirstBlock + target.Count - 1}";
}
