using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Methods;
using Sluice.Tool.Interop;

namespace Sluice.Tool.Sort;

/// <summary>
/// One input, read in order: a regular file through the io_method, several reads ahead and straight into the memory where its lines are
/// sorted;
/// anything else, such as a pipe, with plain reads. Belongs to one flow at a time.
/// </summary>
internal sealed unsafe class LineFile : IDisposable
{
    private const int ReadBytes = 256 << 10;
    private const int DepthMax = 4;

    private readonly AioContext _context;
    private readonly IoFile? _file;
    private readonly int _descriptor;
    private readonly SafeFileHandle? _handle;
    private readonly AioReturn[] _places = new AioReturn[DepthMax];
    private readonly WaitReference[] _references = new WaitReference[DepthMax];
    private readonly int[] _lengths = new int[DepthMax];
    private readonly GenericFileTarget _target;
    private byte* _aheadAt;
    private int _aheadCount;
    private long _offset;
    private bool _isAtEnd;

    private LineFile(AioContext context, string name, IoFile? file, SafeFileHandle? handle, int descriptor)
    {
        _context = context;
        Name = name;
        _file = file;
        _handle = handle;
        _descriptor = descriptor;
        for (int index = 0; index < DepthMax; index++) _places[index] = new AioReturn();
        LengthBytes = file?.GetLength() ?? -1;
        if (file is not null) _target = GenericFileTarget.For(file);
    }

    /// <summary>Its name as it was given.</summary>
    internal string Name { get; }

    /// <summary>Its length when it was opened; -1 when it has none.</summary>
    internal long LengthBytes { get; }

    internal bool IsRegular => _file is not null;

    internal static LineFile Open(AioSystem system, AioContext context, string name)
    {
        if (name == "-") return new LineFile(context, name, null, null, 0);
        if (!IsRegularFile(name))
        {
            // Opening a pipe may wait for its other side.
            SafeFileHandle handle = File.OpenHandle(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new LineFile(context, name, null, handle, (int)handle.DangerousGetHandle());
        }

        return new LineFile(context, name, system.FileSystem.Open(name, new IoOpenOptions()), null, -1);
    }

    internal static bool IsRegularFile(string path)
    {
        Libc.Statx status;
        return Libc.StatX(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &status) != 0 || (status.Mode & 0xF000) == 0x8000;
    }

    /// <summary>Reads bytes. With room to spare the reads after these are started too, into the memory that follows.</summary>
    /// <param name="destination">Where to; when reads were started ahead, the memory that followed the last read.</param>
    /// <param name="roomBytes">How much memory there is.</param>
    /// <returns>How many bytes; 0 at the end, or when there is no room.</returns>
    internal int Read(byte* destination, long roomBytes)
    {
        if (_file is null) return ReadPlain(destination, roomBytes);
        if (_aheadCount == 0)
        {
            _aheadAt = destination;
            if (!_isAtEnd) StartAhead(roomBytes);
        }

        if (_aheadCount == 0) return 0;
        if (_aheadAt != destination) throw new InvalidOperationException("Reads ahead go to the memory that follows.");
        _context.Wait(_references[0]);
        AioReturn place = _places[0];
        place.ThrowIfFailed();
        int count = place.Result.Value;
        int asked = _lengths[0];
        Shift();
        _aheadAt += count;
        if (count == asked)
        {
            StartAhead(roomBytes - count);
            return count;
        }

        // A short read is the end, or not: what was started behind it is in the wrong place then.
        AbandonAhead();
        _offset = place.OffsetBytes + count;
        _isAtEnd = count == 0;
        return count;
    }

    /// <summary>How many bytes behind what was read are, or will be, filled by reads that were started.</summary>
    internal long AheadBytes
    {
        get
        {
            long bytes = 0;
            for (int index = 0; index < _aheadCount; index++) bytes += _lengths[index];
            return bytes;
        }
    }

    public void Dispose()
    {
        AbandonAhead();
        _file?.Dispose();
        _handle?.Dispose();
    }

    /// <summary>Waits for reads that were started and forgets them: they are made again elsewhere.</summary>
    internal void AbandonAhead()
    {
        if (_aheadCount == 0) return;
        long first = long.MaxValue;
        for (int index = 0; index < _aheadCount; index++)
        {
            _context.Wait(_references[index]);
            first = Math.Min(first, _places[index].OffsetBytes);
        }

        _offset = first;
        _aheadCount = 0;
    }

    private int ReadPlain(byte* destination, long roomBytes)
    {
        nuint most = (nuint)Math.Clamp(roomBytes, 0, ReadBytes);
        if (most == 0) return 0;
        while (true)
        {
            nint count = Libc.Read(_descriptor, destination, most);
            if (count >= 0) return (int)count;
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) throw new AioException($"read {(Name == "-" ? "the standard input" : Name)}", errno);
        }
    }

    private void StartAhead(long roomBytes)
    {
        long ahead = AheadBytes;
        using (_context.EnterBatch())
        {
            while (_aheadCount < DepthMax && ahead < roomBytes)
            {
                int length = (int)Math.Min(ReadBytes, roomBytes - ahead);
                AioHandle handle = _context.Acquire(_places[_aheadCount]);
                _references[_aheadCount] = handle.Reference;
                handle.SetVector(new IoVector(_aheadAt + ahead, length));
                _target.StartRead(handle, _file!, _offset);
                _lengths[_aheadCount++] = length;
                _offset += length;
                ahead += length;
                if (_offset >= LengthBytes) break;
            }
        }
    }

    private void Shift()
    {
        AioReturn first = _places[0];
        for (int index = 1; index < _aheadCount; index++)
        {
            _places[index - 1] = _places[index];
            _references[index - 1] = _references[index];
            _lengths[index - 1] = _lengths[index];
        }

        _places[_aheadCount - 1] = first;
        _aheadCount--;
    }
}
