namespace Sluice.TempFiles;

/// <summary>Writes records to tapes.</summary>
internal static unsafe class RecordTapeWriter
{
    /// <summary>Writes one record.</summary>
    internal static void WriteRecord(this LogicalTapeWriter writer, byte* record, int length)
    {
        int header = RecordFrame.HeaderBytes(length);
        byte* at = writer.TryReserve(header + length);
        if (at is not null)
        {
            RecordFrame.WriteHeader(at, length);
            Buffer.MemoryCopy(record, at + header, length, length);
            return;
        }

        byte* frame = stackalloc byte[RecordFrame.HeaderBytesMax];
        RecordFrame.WriteHeader(frame, length);
        writer.Write(new ReadOnlySpan<byte>(frame, header));
        writer.Write(new ReadOnlySpan<byte>(record, length));
    }
}
