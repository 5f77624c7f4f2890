using Sluice.TempFiles;

namespace Sluice.Tool.Sort;

/// <summary>The lines of one file in the order in which they stand there.</summary>
internal sealed unsafe class LineFileSource : RecordSource
{
    private readonly LineFile _file;
    private readonly byte _delimiter;
    private readonly SortMemory _memory;
    private long _at;
    private long _end;
    private bool _isOver;

    internal LineFileSource(LineFile file, byte delimiter, int bufferBytes)
    {
        _file = file;
        _delimiter = delimiter;
        _memory = new SortMemory(bufferBytes);
    }

    internal override bool MoveNext()
    {
        long scanned = _at;
        while (true)
        {
            int found = new ReadOnlySpan<byte>(_memory.Address + scanned, (int)(_end - scanned)).IndexOf(_delimiter);
            if (found >= 0)
            {
                Take(scanned + found, passed: 1);
                return true;
            }

            scanned = _end;
            if (_isOver)
            {
                if (_at == _end) return false;
                Take(_end, passed: 0);
                return true;
            }

            scanned -= MakeRoom();
            int count = _file.Read(_memory.Address + _end, _memory.LengthBytes - _end);
            if (count == 0) _isOver = true;
            _end += count;
        }
    }

    public override void Dispose()
    {
        _file.Dispose();
        _memory.Dispose();
    }

    private void Take(long lineEnd, int passed)
    {
        Record = _memory.Address + _at;
        Length = (int)(lineEnd - _at);
        _at = lineEnd + passed;
    }

    // Returns by how much the bytes at hand were moved down.
    private long MakeRoom()
    {
        if (_end < _memory.LengthBytes) return 0;
        _file.AbandonAhead();
        long moved = _at;
        if (moved == 0)
        {
            long longer = Math.Min(2 * _memory.LengthBytes, int.MaxValue);
            if (longer == _memory.LengthBytes) throw new AioException($"read {_file.Name}", 0, "it has a line of more than 2 GiB");
            _memory.Grow(longer, _end);
            return 0;
        }

        Buffer.MemoryCopy(_memory.Address + _at, _memory.Address, _end - _at, _end - _at);
        _end -= moved;
        _at = 0;
        return moved;
    }
}
