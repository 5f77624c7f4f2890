using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>
/// Numbers for open files, so that a target of a few bytes can name one. A number is never used again; a closed file's is forgotten.
/// </summary>
internal static class FileNumbers
{
    private static readonly ConditionalWeakTable<IoFile, StrongBox<long>> s_numbers = [];
    private static readonly ConcurrentDictionary<long, WeakReference<IoFile>> s_files = new();
    private static long s_last;

    internal static long NumberOf(IoFile file) => s_numbers.GetValue(file, static file =>
    {
        long number = Interlocked.Increment(ref s_last);
        s_files[number] = new WeakReference<IoFile>(file);
        file.AddClosingHook(closing => s_files.TryRemove(number, out _));
        return new StrongBox<long>(number);
    }).Value;

    internal static IoFile? FileOf(long number) =>
        s_files.TryGetValue(number, out WeakReference<IoFile>? reference) && reference.TryGetTarget(out IoFile? file) ? file : null;

    internal static string? PathOf(long number) => FileOf(number)?.Path;
}
