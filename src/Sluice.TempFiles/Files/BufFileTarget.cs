using System.Collections.Concurrent;

namespace Sluice.TempFiles;

/// <summary>What the I/O of a temporary file is about: the file and its piece. A temporary file cannot be opened again.</summary>
[AioTarget("temporary file", CanReopen = false, Callbacks = [typeof(BufFileCheck)])]
public readonly partial struct BufFileTarget
{
    private static readonly ConcurrentDictionary<int, BufFile> s_files = new();
    private static int s_lastNumber;

    private readonly int _file;
    private readonly int _piece;

    internal BufFileTarget(int file, int piece)
    {
        _file = file;
        _piece = piece;
    }

    /// <summary>Gives an open file its number.</summary>
    internal static int Register(BufFile file)
    {
        int number = Interlocked.Increment(ref s_lastNumber);
        s_files[number] = file;
        return number;
    }

    internal static void Forget(int number) => s_files.TryRemove(number, out _);

    private static string Describe(in BufFileTarget target) => s_files.TryGetValue(target._file, out BufFile? file)
        ? file.DescribePiece(target._piece)
        : $"piece {target._piece} of temporary file {target._file}, which was removed";
}
