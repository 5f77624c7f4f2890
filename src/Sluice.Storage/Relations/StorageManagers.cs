namespace Sluice.Storage;

/// <summary>The storage managers of the process by number, so that a target of a few bytes can name one. Any thread.</summary>
internal static class StorageManagers
{
    private static readonly StorageManager?[] s_managers = new StorageManager?[1024];
    private static readonly Lock s_lock = new();
    private static int s_last;

    internal static ushort Add(StorageManager manager)
    {
        lock (s_lock)
        {
            // Not the number that was given up last: a target that outlived its manager should find nobody rather than another.
            for (int tried = 0; tried < s_managers.Length; tried++)
            {
                s_last = (s_last + 1) % s_managers.Length;
                if (s_managers[s_last] is not null) continue;
                Volatile.Write(ref s_managers[s_last], manager);
                return (ushort)s_last;
            }
        }

        throw new StorageException($"There are {s_managers.Length} storage managers already: dispose one before another is made.");
    }

    internal static StorageManager? Find(ushort id) => id < s_managers.Length ? Volatile.Read(ref s_managers[id]) : null;

    internal static void Remove(ushort id)
    {
        lock (s_lock) Volatile.Write(ref s_managers[id], null);
    }
}
