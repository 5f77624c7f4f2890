using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench;

/// <summary>The data file of a run: one that was made for it and is removed afterwards, or the user's own, which stays.</summary>
internal sealed class BenchFile : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private readonly bool _isTemporary;
    private readonly CancellationTokenRegistration _removal;

    private BenchFile(string path, long lengthBytes, bool isTemporary, CancellationToken cancellationToken)
    {
        Path = path;
        LengthBytes = lengthBytes;
        _isTemporary = isTemporary;

        // On Ctrl-C the name goes at once: what still reads and writes the file does not need it.
        if (isTemporary) _removal = cancellationToken.Register(() => TemporaryFiles.Remove(path));
    }

    internal string Path { get; }

    internal long LengthBytes { get; }

    /// <summary>
    /// Makes a file full of data that cannot be compressed, in a folder; it is removed when disposed, on failure and on Ctrl-C.
    /// </summary>
    /// <param name="directory">The folder.</param>
    /// <param name="lengthBytes">How long.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="FailureException">There is too little space, or it cannot be written.</exception>
    internal static BenchFile MakeTemporary(string directory, long lengthBytes, CancellationToken cancellationToken)
    {
        string path = System.IO.Path.Combine(directory, $"sluice-bench-{Environment.ProcessId}-{Guid.NewGuid():N}.dat");
        Fill(path, lengthBytes, cancellationToken);
        return new BenchFile(path, lengthBytes, isTemporary: true, cancellationToken);
    }

    /// <summary>Makes the file that the user named and that is not there; it stays.</summary>
    /// <param name="path">The path.</param>
    /// <param name="lengthBytes">How long.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static BenchFile MakeNamed(string path, long lengthBytes, CancellationToken cancellationToken)
    {
        Fill(path, lengthBytes, cancellationToken);
        TemporaryFiles.Forget(path);
        return new BenchFile(path, lengthBytes, isTemporary: false, cancellationToken);
    }

    /// <summary>The user's own file.</summary>
    internal static BenchFile Existing(string path) => new(path, new FileInfo(path).Length, isTemporary: false, CancellationToken.None);

    /// <summary>Space for files in a folder, in bytes, less some that is left free.</summary>
    /// <exception cref="FailureException">The folder's file system cannot be asked.</exception>
    internal static long SpaceIn(string directory)
    {
        try
        {
            return Math.Max(0, new DriveInfo(System.IO.Path.GetFullPath(directory)).AvailableFreeSpace - BenchLimits.SpareBytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FailureException($"cannot tell how much space {directory} has: {exception.Message}");
        }
    }

    /// <summary>Fills memory with data that cannot be compressed.</summary>
    internal static void FillRandom(Span<byte> memory, long seed)
    {
        ulong state = (ulong)(seed + 1) * 0x9E3779B97F4A7C15;
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(memory);
        foreach (ref ulong word in words)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }

        memory[(words.Length * sizeof(ulong))..].Fill((byte)state);
    }

    /// <summary>Refuses a block that direct I/O on the file cannot do.</summary>
    internal static void RequireAligned(Workload workload, IoFileCapabilities capabilities)
    {
        int alignment = capabilities.OffsetAlignmentBytes;
        if (workload.BlockBytes % alignment == 0) return;
        string block = BenchText.Argument(workload.BlockBytes);
        throw new UsageException($"--block {block} does not go with --direct: {workload.Path} needs a multiple of {alignment} bytes.");
    }

    /// <summary>What to throw when fewer bytes were transferred than a block has.</summary>
    internal static Exception ShortTransfer(long bytes, long blockBytes) =>
        new FailureException($"only {bytes} of {blockBytes} bytes were transferred: the file became shorter while it was measured.");

    /// <summary>Reads the part of the file that is used, so that the system has it in its cache.</summary>
    internal void ReadIntoCache(long rangeBytes, CancellationToken cancellationToken)
    {
        using SafeFileHandle handle = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] chunk = new byte[ChunkBytes];
        for (long offset = 0; offset < rangeBytes; offset += ChunkBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (RandomAccess.Read(handle, chunk, offset) == 0) return;
        }
    }

    public void Dispose()
    {
        _removal.Dispose();
        if (_isTemporary) TemporaryFiles.Remove(Path);
    }

    private static void Fill(string path, long lengthBytes, CancellationToken cancellationToken)
    {
        string directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? ".";
        long space = SpaceIn(directory);
        if (lengthBytes > space)
        {
            throw new FailureException(
                $"{directory} has {ByteSize.Format(space)} to spare and the data file needs {ByteSize.Format(lengthBytes)}: "
                + "make it smaller with --size, or set TMPDIR.");
        }

        using SafeFileHandle handle = Create(path);

        // Only what was made here may be removed here.
        TemporaryFiles.Add(path);
        try
        {
            byte[] chunk = new byte[ChunkBytes];
            for (long offset = 0; offset < lengthBytes; offset += ChunkBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                FillRandom(chunk, seed: offset);
                RandomAccess.Write(handle, chunk.AsSpan(0, (int)Math.Min(ChunkBytes, lengthBytes - offset)), offset);
            }

            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception exception)
        {
            TemporaryFiles.Remove(path);
            if (exception is not IOException) throw;
            throw new FailureException($"cannot write the data file {path}: {exception.Message}");
        }
    }

    private static SafeFileHandle Create(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"cannot make the data file {path}: {exception.Message}");
        }
    }
}
