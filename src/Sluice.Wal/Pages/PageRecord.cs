using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>
/// The content of a record about pages: how many (1 byte), for each 24 bytes of reference and, if it has one, the image of the page before the change, then
/// the payload. A reference: tablespace 4, database 4, relation 4, block 4, fork 1, image 1, start and length of the hole 2 and 2, zero 2. The hole, the
/// free space between line pointers and rows, is left out of the image.
/// </summary>
internal static class PageRecord
{
    internal const int PagesMax = 8;
    private const int ReferenceBytes = 24;

    internal static int SizeOf(int pages, int payloadBytes) => 1 + (pages * (ReferenceBytes + StorageLimits.PageBytes)) + payloadBytes;

    /// <summary>Writes a record's content.</summary>
    /// <param name="body">Where to; of at least <see cref="SizeOf"/> bytes.</param>
    /// <param name="pages">The pages it is about.</param>
    /// <param name="payload">What replay needs besides.</param>
    /// <param name="imagesUpTo">A page has its image when its position is not beyond this.</param>
    /// <param name="images">How many images there are.</param>
    /// <param name="imageBytes">And how many bytes they have.</param>
    /// <returns>The length of the content.</returns>
    internal static int Write(Span<byte> body, ReadOnlySpan<BufferPin> pages, ReadOnlySpan<byte> payload, ulong imagesUpTo, out int images, out int imageBytes)
    {
        images = 0;
        imageBytes = 0;
        body[0] = (byte)pages.Length;
        int at = 1;
        foreach (BufferPin pin in pages)
        {
            PageTag tag = pin.Tag;
            Span<byte> page = pin.Page;
            bool hasImage = PageHeader.LogPositionOf(page).Value <= imagesUpTo;
            (int start, int length) = hasImage ? HoleOf(page) : (0, 0);
            Span<byte> reference = body.Slice(at, ReferenceBytes);
            reference.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(reference, tag.Relation.TablespaceOid);
            BinaryPrimitives.WriteUInt32LittleEndian(reference[4..], tag.Relation.DatabaseOid);
            BinaryPrimitives.WriteUInt32LittleEndian(reference[8..], tag.Relation.Number);
            BinaryPrimitives.WriteUInt32LittleEndian(reference[12..], tag.BlockNumber);
            reference[16] = (byte)tag.Fork;
            reference[17] = hasImage ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt16LittleEndian(reference[18..], (ushort)start);
            BinaryPrimitives.WriteUInt16LittleEndian(reference[20..], (ushort)length);
            at += ReferenceBytes;
            if (!hasImage) continue;
            page[..start].CopyTo(body[at..]);
            page[(start + length)..].CopyTo(body[(at + start)..]);
            at += StorageLimits.PageBytes - length;
            images++;
            imageBytes += StorageLimits.PageBytes - length;
        }

        payload.CopyTo(body[at..]);
        return at + payload.Length;
    }

    internal static PageReference Read(ReadOnlySpan<byte> body, ref int at)
    {
        ReadOnlySpan<byte> reference = body.Slice(at, ReferenceBytes);
        RelationId relation = new(
            BinaryPrimitives.ReadUInt32LittleEndian(reference), BinaryPrimitives.ReadUInt32LittleEndian(reference[4..]), BinaryPrimitives.ReadUInt32LittleEndian(reference[8..]));
        PageTag tag = new(relation, (RelationFork)reference[16], BinaryPrimitives.ReadUInt32LittleEndian(reference[12..]));
        int start = BinaryPrimitives.ReadUInt16LittleEndian(reference[18..]);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(reference[20..]);
        bool hasImage = reference[17] != 0;
        at += ReferenceBytes;
        int imageAt = at;
        if (hasImage) at += StorageLimits.PageBytes - length;
        return new PageReference(tag, hasImage, imageAt, start, length);
    }

    internal static void Restore(ReadOnlySpan<byte> body, in PageReference reference, Span<byte> page)
    {
        int start = reference.HoleStart;
        body.Slice(reference.ImageAt, start).CopyTo(page);
        page.Slice(start, reference.HoleBytes).Clear();
        int rest = StorageLimits.PageBytes - start - reference.HoleBytes;
        body.Slice(reference.ImageAt + start, rest).CopyTo(page[(start + reference.HoleBytes)..]);
    }

    /// <summary>What of a page its image leaves out: the free space, if it is empty, or the whole page if that is.</summary>
    internal static (int Start, int Length) HoleOf(ReadOnlySpan<byte> page)
    {
        if (page.IndexOfAnyExcept((byte)0) < 0) return (0, StorageLimits.PageBytes);
        int lower = BinaryPrimitives.ReadUInt16LittleEndian(page[12..]);
        int upper = BinaryPrimitives.ReadUInt16LittleEndian(page[14..]);

        // Only a hole that is empty can be left out: what is not zero would be lost.
        bool isHole = lower >= StorageLimits.PageHeaderBytes && lower < upper && upper <= StorageLimits.PageBytes && page[lower..upper].IndexOfAnyExcept((byte)0) < 0;
        return isHole ? (lower, upper - lower) : (0, 0);
    }
}
