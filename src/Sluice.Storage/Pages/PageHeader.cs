using System.Buffers.Binary;

namespace Sluice.Storage;

/// <summary>
/// The header of a page in place: reads and writes its fields in the page's own memory, without copying. The format is
/// little-endian on every machine. Not synchronised: whoever changes a field holds what protects the page.
/// </summary>
public readonly ref struct PageHeader
{
    private const int LogPositionOffset = 0;
    private const int ChecksumOffset = 8;
    private const int FlagsOffset = 10;
    private const int LowerOffset = 12;
    private const int UpperOffset = 14;
    private const int SpecialOffset = 16;
    private const int SizeAndVersionOffset = 18;
    private const int PruneTransactionOffset = 20;
    private const int LayoutVersion = 4;

    private readonly Span<byte> _header;

    /// <summary>Looks at a page.</summary>
    /// <param name="page">The page; at least its header.</param>
    public PageHeader(Span<byte> page) => _header = page[..StorageLimits.PageHeaderBytes];

    /// <summary>Where in the log the last change of the page ends.</summary>
    public LogPosition LogPosition
    {
        get => LogPositionOf(_header);
        set
        {
            // The high half stands first.
            BinaryPrimitives.WriteUInt64LittleEndian(_header[LogPositionOffset..], (value.Value >> 32) | (value.Value << 32));
        }
    }

    /// <summary>The checksum as it was stored; 0 for none.</summary>
    public ushort Checksum
    {
        get => ChecksumOf(_header);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_header[ChecksumOffset..], value);
    }

    /// <summary>The flags.</summary>
    public PageFlags Flags
    {
        get => (PageFlags)BinaryPrimitives.ReadUInt16LittleEndian(_header[FlagsOffset..]);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_header[FlagsOffset..], (ushort)value);
    }

    /// <summary>Where the free space begins: the end of the line pointers.</summary>
    public int Lower
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(_header[LowerOffset..]);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_header[LowerOffset..], checked((ushort)value));
    }

    /// <summary>Where the free space ends: the beginning of the rows. 0 for a page that was never initialised.</summary>
    public int Upper
    {
        get => UpperOf(_header);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_header[UpperOffset..], checked((ushort)value));
    }

    /// <summary>Where the part begins that belongs to the access method; the page's end for none.</summary>
    public int Special
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(_header[SpecialOffset..]);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_header[SpecialOffset..], checked((ushort)value));
    }

    /// <summary>The page's size as it says itself.</summary>
    public int PageBytes => BinaryPrimitives.ReadUInt16LittleEndian(_header[SizeAndVersionOffset..]) & 0xFF00;

    /// <summary>The version of the layout: 4 since PostgreSQL 8.3.</summary>
    public int Version => BinaryPrimitives.ReadUInt16LittleEndian(_header[SizeAndVersionOffset..]) & 0x00FF;

    /// <summary>The oldest transaction whose leavings could be pruned; 0 for none.</summary>
    public uint PruneTransaction
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(_header[PruneTransactionOffset..]);
        set => BinaryPrimitives.WriteUInt32LittleEndian(_header[PruneTransactionOffset..], value);
    }

    /// <summary>Whether the page was never initialised.</summary>
    public bool IsNew => Upper == 0;

    /// <summary>How many line pointers there are.</summary>
    public int LinePointerCount => Lower <= StorageLimits.PageHeaderBytes ? 0 : (Lower - StorageLimits.PageHeaderBytes) / 4;

    /// <summary>Bytes between line pointers and rows; 0 when the header makes no sense.</summary>
    public int FreeBytes => Math.Max(0, Upper - Lower);

    /// <summary>The log position of a page that may only be read.</summary>
    /// <param name="page">The page; at least its header.</param>
    public static LogPosition LogPositionOf(ReadOnlySpan<byte> page)
    {
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(page[LogPositionOffset..]);
        return new LogPosition((stored >> 32) | (stored << 32));
    }

    /// <summary>The stored checksum of a page that may only be read.</summary>
    /// <param name="page">The page; at least its header.</param>
    public static ushort ChecksumOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt16LittleEndian(page[ChecksumOffset..]);

    /// <summary>Whether a page that may only be read was never initialised. What must also be true then: all of it is zero.</summary>
    /// <param name="page">The page; at least its header.</param>
    public static bool IsNewPage(ReadOnlySpan<byte> page) => UpperOf(page) == 0;

    /// <summary>Makes an empty page: zeros, and a header that says so.</summary>
    /// <param name="page">A whole page.</param>
    /// <param name="specialBytes">Room at the end for the access method; rounded up to 8.</param>
    public static void Initialize(Span<byte> page, int specialBytes = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, StorageLimits.PageBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(specialBytes);
        int special = StorageLimits.PageBytes - ((specialBytes + 7) & ~7);
        ArgumentOutOfRangeException.ThrowIfLessThan(special, StorageLimits.PageHeaderBytes, nameof(specialBytes));
        page.Clear();
        PageHeader header = new(page) { Lower = StorageLimits.PageHeaderBytes, Upper = special, Special = special };
        BinaryPrimitives.WriteUInt16LittleEndian(header._header[SizeAndVersionOffset..], StorageLimits.PageBytes | LayoutVersion);
    }

    /// <summary>Whether the fields of a page that is not new agree with each other.</summary>
    /// <param name="page">The page; at least its header.</param>
    internal static bool IsSane(ReadOnlySpan<byte> page)
    {
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(page[FlagsOffset..]);
        int lower = BinaryPrimitives.ReadUInt16LittleEndian(page[LowerOffset..]);
        int upper = UpperOf(page);
        int special = BinaryPrimitives.ReadUInt16LittleEndian(page[SpecialOffset..]);
        return (flags & ~(int)PageFlags.Valid) == 0
            && lower <= upper && upper <= special && special <= StorageLimits.PageBytes && (special & 7) == 0;
    }

    private static int UpperOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt16LittleEndian(page[UpperOffset..]);
}
