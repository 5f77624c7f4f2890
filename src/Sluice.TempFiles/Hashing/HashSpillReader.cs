namespace Sluice.TempFiles;

/// <summary>Reads the records of one partition of a <see cref="HashSpill"/>, in the order in which they were written.</summary>
public sealed unsafe class HashSpillReader : IDisposable
{
    private readonly LogicalTapeReader _reader;
    private byte[] _whole = [];
    private int _length;

    internal HashSpillReader(LogicalTapeReader reader) => _reader = reader;

    /// <summary>The hash of the record at hand.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The record at hand; valid until the reader moves.</summary>
    public ReadOnlySpan<byte> Current => _whole.AsSpan(0, _length);

    /// <summary>Goes to the next record; at first to the first.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public bool MoveNext()
    {
        byte* head = stackalloc byte[RecordFrame.HeaderBytesMax];
        if (_reader.Read(new Span<byte>(head, 1)) == 0) return false;
        int length = *head;
        if (RecordFrame.IsLong(*head))
        {
            _reader.Read(new Span<byte>(head + 1, RecordFrame.HeaderBytesMax - 1));
            length = RecordFrame.ReadLong(head);
        }

        ulong hash;
        _reader.Read(new Span<byte>(&hash, sizeof(ulong)));
        Hash = hash;
        if (length > _whole.Length) _whole = new byte[Math.Max(length, 2 * _whole.Length)];
        _reader.Read(_whole.AsSpan(0, length));
        _length = length;
        return true;
    }

    /// <summary>Waits for what is on its way and frees the buffers.</summary>
    public void Dispose() => _reader.Dispose();
}
