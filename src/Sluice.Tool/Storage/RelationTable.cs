using System.Globalization;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Storage;

/// <summary>The page headers of a relation file: a row per page as it is read, and a summary.</summary>
/// <param name="name">What the file's name says.</param>
/// <param name="segmentBlocks">Blocks of a full segment.</param>
/// <param name="output">Gets the rows; null to keep them for JSON.</param>
internal sealed class RelationTable(RelationFileName name, uint segmentBlocks, TextWriter? output)
{
    private const int ReadBytes = 1 << 20;
    private readonly List<RelationRow> _rows = [];
    private long _blockCount;
    private long _newCount;
    private long _freeBytes;
    private long _restBytes;

    /// <summary>Pages that are not valid.</summary>
    internal long BadCount { get; private set; }

    /// <summary>Reads the file, the next piece while one is looked at.</summary>
    internal async Task ReadAsync(AioSystem system, string path, long fromBlock, long count, CancellationToken cancellationToken)
    {
        await using AioFile file = await AioFile.OpenAsync(system, path, options: null, cancellationToken);
        long length = file.GetLength();
        long blocks = length / StorageLimits.PageBytes;
        _restBytes = length % StorageLimits.PageBytes;
        if (fromBlock >= blocks && blocks > 0)
        {
            throw new UsageException($"--from is {fromBlock}, but {path} has {blocks} blocks: give a number from 0 to {blocks - 1}.");
        }

        long offset = fromBlock * StorageLimits.PageBytes;
        long end = Math.Min(blocks, count > blocks - fromBlock ? blocks : fromBlock + count) * StorageLimits.PageBytes;
        output?.WriteLine(RelationRow.Header);
        byte[] current = new byte[ReadBytes];
        byte[] next = new byte[ReadBytes];
        Task<int> read = ReadPieceAsync(file, current, offset, end);
        while (offset < end)
        {
            int bytes = await read;
            if (bytes < StorageLimits.PageBytes)
            {
                throw new FailureException($"{path} became shorter while it was read: look again when nobody writes to it.");
            }

            bytes -= bytes % StorageLimits.PageBytes;
            cancellationToken.ThrowIfCancellationRequested();
            read = ReadPieceAsync(file, next, offset + bytes, end);
            Look(current.AsSpan(0, bytes), offset / StorageLimits.PageBytes);
            offset += bytes;
            (current, next) = (next, current);
        }

        await read;
        WriteSummary(path);
    }

    internal object ToJson(string path) => new
    {
        file = path,
        fork = name.Fork.ToString(),
        segment = name.Segment,
        blocks = _blockCount,
        newBlocks = _newCount,
        badBlocks = BadCount,
        freeBytes = _freeBytes,
        bytesBehindLastBlock = _restBytes,
        pages = _rows.Select(static row => row.ToJson()),
    };

    private static Task<int> ReadPieceAsync(AioFile file, byte[] buffer, long offset, long end) =>
        offset >= end
            ? Task.FromResult(0)
            : file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - offset)), offset, CancellationToken.None).AsTask();

    private void Look(Span<byte> pages, long firstInFile)
    {
        for (int index = 0; index * StorageLimits.PageBytes < pages.Length; index++)
        {
            uint block = unchecked((name.Segment * segmentBlocks) + (uint)(firstInFile + index));
            RelationRow row = RelationRow.Of(pages.Slice(index * StorageLimits.PageBytes, StorageLimits.PageBytes), block);
            _blockCount++;
            if (row.Verdict == PageVerdict.New) _newCount++;
            else if (!PageVerifier.IsAccepted(row.Verdict)) BadCount++;
            _freeBytes += row.FreeBytes;
            if (output is null) _rows.Add(row);
            else output.WriteLine(row.ToString());
        }
    }

    private void WriteSummary(string path)
    {
        if (output is null) return;
        double average = _blockCount == 0 ? 0 : (double)_freeBytes / _blockCount / StorageLimits.PageBytes;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {_blockCount:N0} blocks, {_newCount:N0} new, {BadCount:N0} bad, {ByteSize.Format(_freeBytes)} free ({average:P0})"));
        if (_restBytes != 0) output.WriteLine($"{_restBytes} bytes behind the last block are no whole block.");
    }
}
