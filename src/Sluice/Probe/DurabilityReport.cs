namespace Sluice;

/// <summary>What a <see cref="DurabilityProbe"/> found on one file system.</summary>
public sealed class DurabilityReport
{
    internal DurabilityReport()
    {
    }

    /// <summary>The folder it was measured in.</summary>
    public required string Folder { get; init; }

    /// <summary>What tells the file system from others: the device's number, where there is one.</summary>
    public required string FileSystemId { get; init; }

    /// <summary>The io_method that did the I/O.</summary>
    public required string MethodName { get; init; }

    /// <summary>The size of each write and read, in bytes.</summary>
    public required int BlockBytes { get; init; }

    /// <summary>Why direct I/O cannot be done there, in one line; null when it can.</summary>
    public required string? DirectObstacle { get; init; }

    /// <summary>What the address of memory for direct I/O must be a multiple of, in bytes; 0 when it cannot be done.</summary>
    public required int MemoryAlignmentBytes { get; init; }

    /// <summary>What offsets and lengths of direct I/O must be a multiple of, in bytes; 0 when it cannot be done.</summary>
    public required int OffsetAlignmentBytes { get; init; }

    /// <summary>Every form, in both modes, at every depth; also those that could not be measured.</summary>
    public required IReadOnlyList<DurabilityRow> Rows { get; init; }

    /// <summary>Random reads by depth; direct where that can be done.</summary>
    public required IReadOnlyList<DurabilityReadRow> Reads { get; init; }

    /// <summary>The fastest form for each depth and mode that could be measured.</summary>
    public required IReadOnlyList<DurabilityChoice> Best { get; init; }

    /// <summary>What to begin with.</summary>
    public required DurabilitySuggestion Suggestion { get; init; }

    /// <summary>
    /// The fastest form for a file of one mode: measured at the greatest depth that is not more than the one given, or else at the least.
    /// </summary>
    /// <param name="depth">How many durable writes will be in flight.</param>
    /// <param name="isDirect">Whether the file is open for direct I/O.</param>
    /// <returns>The form; <see cref="DurableWriteForm.WriteThenFlush"/>, which works everywhere, when nothing could be measured in that
    /// mode.</returns>
    public DurableWriteForm BestForm(int depth, bool isDirect)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(depth);
        DurabilityChoice? below = Best.Where(
            choice => choice.IsDirect == isDirect && choice.Depth <= depth).MaxBy(static choice => choice.Depth);
        DurabilityChoice? best = below ?? Best.Where(choice => choice.IsDirect == isDirect).MinBy(static choice => choice.Depth);
        return best?.Form ?? DurableWriteForm.WriteThenFlush;
    }
}
