using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>
/// The record by which a checkpoint ends: where it began. The control file of the pages says the same, and where the record stands: it was durable before
/// the control file was written, so if it is not there, or says something else, one of the two is damaged.
/// </summary>
internal static class CheckpointRecord
{
    /// <summary>Length of the record's content.</summary>
    internal const int Bytes = 8;

    /// <summary>Length of the control file's content: where the checkpoint began, and where its record stands.</summary>
    internal const int ControlBytes = 16;

    /// <summary>Reads the record that the control file names. Nothing is changed.</summary>
    /// <param name="system">The system whose method does the I/O.</param>
    /// <param name="folder">The log's folder.</param>
    /// <param name="control">What the control file says.</param>
    /// <returns>Where the record ends: up to there the log was durable.</returns>
    /// <exception cref="WalException">It is not there, or says something else than the control file.</exception>
    internal static async Task<LogPosition> RequireAsync(AioSystem system, string folder, byte[] control)
    {
        if (control.Length != ControlBytes) throw new WalException($"The control file of the log in {folder} has {control.Length} bytes of content instead of {ControlBytes}: use the program that wrote it.");
        LogPosition redo = new(BinaryPrimitives.ReadUInt64LittleEndian(control));
        LogPosition position = new(BinaryPrimitives.ReadUInt64LittleEndian(control.AsSpan(Bytes)));
        await using WalReader reader = await WalReader.OpenAsync(system, folder, new WalReaderOptions { From = position, IncludesInternal = true, ReadAheadBytes = WalReader.ChunkBytes });
        bool isThere = await reader.ReadAsync();
        if (!isThere && reader.End!.Reason == WalEndReason.ReadFailed) throw new WalException($"The log cannot be read at {position}, where its last checkpoint ends: {reader.End.Explanation}. Nothing was changed; see to the disk and open it again.");
        string? mistake = !isThere ? reader.End!.Explanation
            : reader.Current.Kind != WalUnit.CheckpointKind || reader.Current.Body.Length != Bytes ? $"a record of kind {reader.Current.Kind:X4} stands there"
            : BinaryPrimitives.ReadUInt64LittleEndian(reader.Current.Body.Span) is var told && told != redo.Value ? $"the record says that it began at {new LogPosition(told)}"
            : null;

        // An older checkpoint would not do: behind it pages were written, and commits told, of which the log then says nothing.
        if (mistake is not null) throw new WalException($"The control file of the log in {folder} says that a checkpoint began at {redo} and ended at {position}, and {mistake}: one of them is damaged. Restore the log from a backup.");
        return reader.Current.EndPosition;
    }
}
