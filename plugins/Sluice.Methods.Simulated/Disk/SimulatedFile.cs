namespace Sluice.Methods.Simulated;

/// <summary>An open file of a simulated disk.</summary>
public sealed class SimulatedFile : IoFile
{
    private readonly SimulatedDisk _disk;
    private readonly bool _isExclusive;

    internal SimulatedFile(SimulatedDisk disk, string path, IoOpenOptions options, Inode inode, int traceNumber, int epoch)
        : base(path, options.Access)
    {
        _disk = disk;
        _isExclusive = options.Exclusive;
        Inode = inode;
        TraceNumber = traceNumber;
        Epoch = epoch;
        int alignment = options.Direct ? disk.SectorBytes : 1;
        Capabilities = new IoFileCapabilities
        {
            IsDirect = options.Direct,
            IsDurableOnCompletion = options.WriteThrough || options.WriteThroughAll,
            MemoryAlignmentBytes = alignment,
            OffsetAlignmentBytes = alignment,
        };
    }

    /// <inheritdoc/>
    public override IoFileCapabilities Capabilities { get; }

    internal SimulatedDisk Disk => _disk;

    internal Inode Inode { get; }

    internal int TraceNumber { get; }

    /// <summary>How often the disk had crashed when it was opened: after another crash it is dead.</summary>
    internal int Epoch { get; }

    /// <summary>Executes a request at once, without time going by.</summary>
    /// <param name="request">The request; its file is this one.</param>
    public override IoOutcome Execute(IoRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_disk.Time.Gate)
        {
            return _disk.Perform(request, this, Inode.Sequence, isInPlace: true);
        }
    }

    /// <inheritdoc/>
    public override long GetLength() => _disk.GetLength(this);

    /// <inheritdoc/>
    public override void SetLength(long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        _disk.SetLength(this, lengthBytes);
    }

    /// <inheritdoc/>
    protected override void CloseCore() => _disk.Close(this, _isExclusive);
}
