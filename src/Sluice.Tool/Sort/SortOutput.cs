using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.TempFiles;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Sort;

/// <summary>
/// Where sorted lines go: collected in buffers, which a thread of its own writes, so that merging goes on meanwhile. A regular file is
/// written at the
/// places that the io_method is told, anything else in order.
/// </summary>
/// <remarks>A buffer is the producer's or the thread's; it changes hands under the lock. What fails on the thread is thrown at the
/// producer's next buffer.</remarks>
internal sealed unsafe class SortOutput : IDisposable
{
    private const int BufferBytes = 1 << 20;
    private const int BufferCount = 3;

    private readonly SortMemory[] _buffers = new SortMemory[BufferCount];
    private readonly int[] _lengths = new int[BufferCount];
    private readonly object _lock = new();
    private readonly Thread _thread;
    private readonly Action<nint, int> _write;
    private readonly IDisposable? _owned;
    private readonly byte _delimiter;
    private byte* _cursor;
    private byte* _end;
    private int _filling;
    private int _writing;
    private int _full;
    private bool _isEnding;
    private Exception? _failure;

    private SortOutput(Action<nint, int> write, IDisposable? owned, byte delimiter)
    {
        _write = write;
        _owned = owned;
        _delimiter = delimiter;
        for (int index = 0; index < BufferCount; index++) _buffers[index] = new SortMemory(BufferBytes);
        _cursor = _buffers[0].Address;
        _end = _cursor + BufferBytes;
        _thread = new Thread(Work) { IsBackground = true, Name = "sluice-sort-output" };
        _thread.Start();
    }

    /// <summary>How many bytes were given to it.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Opens the output; from here on a file that is written in place is empty.</summary>
    /// <param name="system">Through which a regular file is written.</param>
    /// <param name="target">Where to; not disposed with this.</param>
    /// <param name="delimiter">What ends a line.</param>
    internal static SortOutput Open(AioSystem system, SortTarget target, byte delimiter)
    {
        if (target.File is not { } file)
        {
            return new SortOutput((address, length) => WritePlain(target.Descriptor, target.Name, address, length), null, delimiter);
        }

        target.Begin();
        FileWriter writer = new(system, file, target.Name);
        return new SortOutput(writer.Write, writer, delimiter);
    }

    /// <summary>Writes one line and its end.</summary>
    internal void WriteLine(byte* line, int length)
    {
        byte* cursor = _cursor;
        if (length >= _end - cursor)
        {
            WriteAcross(line, length);
            return;
        }

        Unsafe.CopyBlockUnaligned(cursor, line, (uint)length);
        cursor[length] = _delimiter;
        _cursor = cursor + length + 1;
    }

    /// <summary>Waits until all is written.</summary>
    internal void Finish()
    {
        HandOver();
        lock (_lock)
        {
            while (_full > 0 && _failure is null) Monitor.Wait(_lock);
            ThrowIfFailed();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isEnding = true;
            Monitor.PulseAll(_lock);
        }

        _thread.Join();
        foreach (SortMemory buffer in _buffers) buffer.Dispose();
        _owned?.Dispose();
    }

    private void WriteAcross(byte* line, int length)
    {
        while (length > 0)
        {
            if (_cursor == _end) HandOver();
            int part = (int)Math.Min(length, _end - _cursor);
            Buffer.MemoryCopy(line, _cursor, part, part);
            _cursor += part;
            line += part;
            length -= part;
        }

        if (_cursor == _end) HandOver();
        *_cursor++ = _delimiter;
    }

    private void HandOver()
    {
        int length = (int)(_cursor - _buffers[_filling].Address);
        Bytes += length;
        lock (_lock)
        {
            ThrowIfFailed();
            _lengths[_filling] = length;
            _full++;
            _filling = (_filling + 1) % BufferCount;
            Monitor.PulseAll(_lock);
            while (_full == BufferCount && _failure is null) Monitor.Wait(_lock);
            ThrowIfFailed();
        }

        _cursor = _buffers[_filling].Address;
        _end = _cursor + BufferBytes;
    }

    private void Work()
    {
        while (true)
        {
            lock (_lock)
            {
                while (_full == 0 && !_isEnding) Monitor.Wait(_lock);
                if (_isEnding) return;
            }

            try
            {
                if (_lengths[_writing] != 0) _write((nint)_buffers[_writing].Address, _lengths[_writing]);
            }
            catch (Exception exception)
            {
                lock (_lock)
                {
                    _failure = exception;
                    Monitor.PulseAll(_lock);
                    return;
                }
            }

            lock (_lock)
            {
                _writing = (_writing + 1) % BufferCount;
                _full--;
                Monitor.PulseAll(_lock);
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
    }

    private static void WritePlain(int descriptor, string name, nint address, int length)
    {
        while (length > 0)
        {
            nint count = Libc.Write(descriptor, (byte*)address, (nuint)length);
            if (count < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EINTR) continue;
                throw new AioException($"write to {name}", errno);
            }

            address += count;
            length -= (int)count;
        }
    }

    /// <summary>Writes a regular file in order, through the io_method.</summary>
    private sealed class FileWriter(AioSystem system, IoFile file, string name) : IDisposable
    {
        private readonly AioContext _context = system.CreateContext("sort output");
        private readonly GenericFileTarget _target = GenericFileTarget.For(file);
        private readonly AioReturn _place = new();
        private long _offset;

        internal void Write(nint address, int length)
        {
            while (length > 0)
            {
                AioHandle handle = _context.Acquire(_place);
                WaitReference reference = handle.Reference;
                handle.SetVector(new Sluice.Methods.IoVector((byte*)address, length));
                _target.StartWrite(handle, file, _offset);
                _context.Wait(reference);
                if (_place.Result.Status == AioStatus.Error) throw new AioException($"write to {name}", _place.Result.Errno);
                int count = _place.Result.Value;
                if (count == 0) throw new AioException($"write to {name}", Errno.EIO);
                _offset += count;
                address += count;
                length -= count;
            }
        }

        public void Dispose() => _context.Dispose();
    }
}
