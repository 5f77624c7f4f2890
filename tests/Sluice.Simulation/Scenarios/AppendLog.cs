using System.Buffers.Binary;

namespace Sluice.Simulation.Scenarios;

/// <summary>
/// A log as programs write it: records with a checksum, appended to a file, acknowledged when a flush has made them durable. After a
/// failed flush the file is opened again and everything that was not acknowledged is written again. Used by one loop.
/// </summary>
public class AppendLog
{
    private const uint Magic = 0x4C4F4721;
    private const int HeaderBytes = 24;
    private const int AttemptsMaximum = 20;

    private readonly AioSystem _system;
    private readonly string _path;
    private readonly List<Pending> _pending = [];

    /// <summary>A log that is not open yet.</summary>
    /// <param name="system">The system of the moment.</param>
    /// <param name="path">Its file.</param>
    protected AppendLog(AioSystem system, string path)
    {
        _system = system;
        _path = path;
    }

    /// <summary>The open file; another one after a failed flush.</summary>
    protected AioFile File { get; private set; } = null!;

    /// <summary>The end of what was acknowledged, in bytes.</summary>
    public long DurableEnd { get; private set; }

    /// <summary>The end of the last record, in bytes.</summary>
    public long End { get; private set; }

    /// <summary>The number of the next record.</summary>
    public long NextSequence { get; private set; }

    /// <summary>The records that were found when the log was opened.</summary>
    public List<byte[]> Recovered { get; } = [];

    /// <summary>How many flushes failed.</summary>
    public int FlushFailures { get; private set; }

    /// <summary>
    /// Opens a log that exists; what follows the last whole record is cut off. Everything found is durable when this completes.
    /// </summary>
    public static async Task<AppendLog> OpenAsync(AppendLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        await log.ReopenAsync();
        await log.RecoverAsync();
        return log;
    }

    /// <summary>Makes an empty log, durably.</summary>
    public static async Task CreateAsync(AioSystem system, string path)
    {
        AioFile file = await AioFile.CreateDurableAsync(system, path);
        await file.DisposeAsync();
    }

    /// <summary>A log whose code is right.</summary>
    public static AppendLog Of(AioSystem system, string path) => new(system, path);

    /// <summary>Begins to append records; they are in flight together when this returns to the loop.</summary>
    public async Task AppendAsync(IReadOnlyList<byte[]> payloads)
    {
        ArgumentNullException.ThrowIfNull(payloads);
        Task[] writes = new Task[payloads.Count];
        for (int index = 0; index < payloads.Count; index++)
        {
            byte[] record = Encode(NextSequence++, payloads[index]);
            Pending pending = new(End, record);
            End += record.Length;
            _pending.Add(pending);
            writes[index] = WriteAsync(pending.Record, pending.Offset);
        }

        await Task.WhenAll(writes);
    }

    /// <summary>Makes durable what was appended. When this completes it may be acknowledged.</summary>
    public async Task CommitAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await FlushAsync();
                break;
            }
            catch (AioException) when (attempt < AttemptsMaximum && File.IsPoisoned)
            {
                FlushFailures++;
                await OnFlushFailedAsync();
            }
        }

        _pending.Clear();
        DurableEnd = End;
    }

    /// <summary>Reads one record back.</summary>
    public async Task<byte[]> ReadBackAsync(long offset, int payloadBytes)
    {
        byte[] record = new byte[HeaderBytes + payloadBytes];
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                int count = await File.ReadAsync(record, offset);
                return count == record.Length ? record[HeaderBytes..] : record[HeaderBytes..Math.Max(count, HeaderBytes)];
            }
            catch (AioException) when (attempt < AttemptsMaximum)
            {
                // An error that passes: the same again.
            }
        }
    }

    /// <summary>Closes the file, when what is in flight on it has ended.</summary>
    public ValueTask CloseAsync() => File.DisposeAsync();

    /// <summary>Writes one record; tries again when that fails.</summary>
    protected virtual async Task WriteAsync(byte[] record, long offset)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await File.WriteAsync(record, offset);
                return;
            }
            catch (AioException) when (attempt < AttemptsMaximum && !File.IsPoisoned)
            {
                // An error that passes, or no room for a moment: the same again.
            }
        }
    }

    /// <summary>Makes durable what was written.</summary>
    protected virtual Task FlushAsync() => File.FlushAsync().AsTask();

    /// <summary>A flush failed: nothing that it covered can be believed, so all of it is written again to the file opened anew.</summary>
    protected virtual async Task OnFlushFailedAsync()
    {
        await ReopenAsync();
        foreach (Pending pending in _pending) await WriteAsync(pending.Record, pending.Offset);
    }

    /// <summary>Opens the file anew.</summary>
    protected async Task ReopenAsync()
    {
        if (File is not null) await File.DisposeAsync();
        File = await AioFile.OpenAsync(_system, _path, new IoOpenOptions { Access = IoAccess.ReadWrite });
    }

    private static byte[] Encode(long sequence, byte[] payload)
    {
        byte[] record = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(8), sequence);
        payload.CopyTo(record.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(16), Checksum.Of(payload, (ulong)sequence + 1));
        return record;
    }

    private async Task RecoverAsync()
    {
        byte[] content = new byte[File.GetLength()];
        int length = await File.ReadAsync(content, 0);
        int position = 0;
        while (TryDecode(content.AsSpan(0, length)[position..], NextSequence, out byte[]? payload))
        {
            Recovered.Add(payload);
            position += HeaderBytes + payload.Length;
            NextSequence++;
        }

        // An old record behind a torn one must not look like the successor of the one that is written next.
        End = position;
        await File.SetLengthAsync(position);

        // What was read may be in the system's cache only: a flush that failed before the process died has marked it clean, and a flush
        // now would do nothing and succeed. Written again it is dirty, and the flush makes it durable.
        await File.WriteAsync(content.AsMemory(0, position), 0);
        await File.FlushAsync();
        DurableEnd = End;
    }

    private static bool TryDecode(
        ReadOnlySpan<byte> content, long sequence, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? payload)
    {
        payload = null;
        if (content.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(content) != Magic) return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(content[4..]);
        if (length < 0 || length > content.Length - HeaderBytes || BinaryPrimitives.ReadInt64LittleEndian(content[8..]) != sequence)
        {
            return false;
        }

        ReadOnlySpan<byte> body = content.Slice(HeaderBytes, length);
        if (Checksum.Of(body, (ulong)sequence + 1) != BinaryPrimitives.ReadUInt64LittleEndian(content[16..])) return false;
        payload = body.ToArray();
        return true;
    }

    private sealed record Pending(long Offset, byte[] Record);
}
