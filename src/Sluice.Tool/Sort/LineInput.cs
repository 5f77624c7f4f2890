using Sluice.TempFiles;

namespace Sluice.Tool.Sort;

/// <summary>
/// All inputs as one, cut into runs of whole lines. Threads take turns: each fills the memory of its run, while the others sort and write
/// theirs.
/// </summary>
/// <remarks>Everything is used by whoever holds the lock of <see cref="SortJob{TOrder}"/>. A line that a run has no room for any more is
/// carried to the next.</remarks>
internal sealed unsafe class LineInput : IDisposable
{
    // Less room than this is not worth a read.
    private const int RoomLeast = 4096;

    private readonly AioSystem _system;
    private readonly AioContext _context;
    private readonly IReadOnlyList<string> _names;
    private readonly byte _delimiter;
    private readonly SortMemory _carry = new(64 << 10);
    private LineFile? _file;
    private int _nextFile;
    private int _carryBytes;

    internal LineInput(AioSystem system, IReadOnlyList<string> names, byte delimiter)
    {
        _system = system;
        _names = names;
        _delimiter = delimiter;
        _context = system.CreateContext("sort input");
    }

    /// <summary>Whether every line was given.</summary>
    internal bool IsAtEnd { get; private set; }

    /// <summary>How many bytes were read.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>How many lines were given.</summary>
    internal long Lines { get; private set; }

    /// <summary>Fills a run with lines until its memory is full, or the input is at its end.</summary>
    /// <param name="run">The run; empty.</param>
    /// <param name="order">The order.</param>
    /// <param name="bytesMax">How many bytes of lines are enough.</param>
    /// <param name="cancellationToken">Looked at between reads.</param>
    internal void Fill<TOrder>(RunBuilder<TOrder> run, TOrder order, long bytesMax, CancellationToken cancellationToken)
        where TOrder : struct, IRecordOrder
    {
        if (run.RoomBytes < _carryBytes + RoomLeast) run.Grow(2L * (_carryBytes + RoomLeast), 0);
        Buffer.MemoryCopy(_carry.Address, run.Tail, _carryBytes, _carryBytes);
        long end = _carryBytes;
        long scanned = 0;
        _carryBytes = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool hasRoom = Split(run, order, ref scanned, end);
            if (!hasRoom || run.UsedBytes >= bytesMax)
            {
                Carry(run, end);
                break;
            }

            long room = RoomAfter(run, end);
            if (room < RoomLeast)
            {
                if (run.Count != 0)
                {
                    Carry(run, end);
                    break;
                }

                // One line that is longer than the memory. What was being read goes to the old memory, so it is read again.
                _file?.AbandonAhead();
                run.Grow(2 * (end + RoomLeast), end);
                continue;
            }

            int count = ReadSome(run.Memory + end, room);
            if (count > 0)
            {
                end += count;
                continue;
            }

            // A file's last line may lack its end.
            if (end > run.UsedBytes) Commit(run, order, (int)(end - run.UsedBytes), 0);
            scanned = end = run.UsedBytes;
            if (_nextFile < _names.Count) continue;
            IsAtEnd = true;
            break;
        }

        Lines += run.Count;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _carry.Dispose();
        _context.Dispose();
    }

    // Returns false when there is no room for the entry of a line that is there.
    private bool Split<TOrder>(RunBuilder<TOrder> run, TOrder order, ref long scanned, long end)
        where TOrder : struct, IRecordOrder
    {
        // Reads that were started fill the memory behind the end: no entry may be laid down there.
        byte* memory = run.Memory;
        byte* floor = memory + end + (_file?.AheadBytes ?? 0);
        long at = run.UsedBytes;
        long from = scanned;
        while (from < end)
        {
            int length = (int)Math.Min(end - from, int.MaxValue);
            int found = new ReadOnlySpan<byte>(memory + from, length).IndexOf(_delimiter);
            if (found < 0)
            {
                from += length;
                break;
            }

            if ((byte*)(run.Entries - 1) < floor)
            {
                scanned = at;
                return false;
            }

            long lineEnd = from + found;
            int lineLength = (int)(lineEnd - at);
            run.Commit(at, lineLength, lineLength + 1, order.Prefix(memory + at, lineLength));
            at = lineEnd + 1;
            from = at;
        }

        scanned = from;
        return true;
    }

    private static void Commit<TOrder>(RunBuilder<TOrder> run, TOrder order, int length, int passed)
        where TOrder : struct, IRecordOrder =>
        run.Commit(run.UsedBytes, length, length + passed, order.Prefix(run.Tail, length));

    // The lines to come need entries too: as many for their bytes as those before.
    private static long RoomAfter<TOrder>(RunBuilder<TOrder> run, long end)
        where TOrder : struct, IRecordOrder
    {
        long gap = (byte*)(run.Entries - 2) - (run.Memory + end);
        double average = run.Count == 0 ? 32 : (double)run.UsedBytes / run.Count;
        return (long)(gap * (average / (average + sizeof(RecordEntry))));
    }

    private int ReadSome(byte* destination, long room)
    {
        while (true)
        {
            if (_file is null)
            {
                if (_nextFile == _names.Count) return 0;
                _file = LineFile.Open(_system, _context, _names[_nextFile++]);
            }

            int count = _file.Read(destination, room);
            if (count > 0)
            {
                BytesRead += count;
                return count;
            }

            _file.Dispose();
            _file = null;
            return 0;
        }
    }

    private void Carry<TOrder>(RunBuilder<TOrder> run, long end)
        where TOrder : struct, IRecordOrder
    {
        _file?.AbandonAhead();
        int length = checked((int)(end - run.UsedBytes));
        if (length > _carry.LengthBytes) _carry.Replace(length);
        Buffer.MemoryCopy(run.Tail, _carry.Address, length, length);
        _carryBytes = length;
    }
}
