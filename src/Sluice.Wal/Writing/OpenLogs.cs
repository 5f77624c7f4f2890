namespace Sluice.Wal;

/// <summary>The logs this process has open, by number: an I/O's identity is a value and cannot hold an object.</summary>
internal static class OpenLogs
{
    private static readonly Lock s_lock = new();
    private static volatile WriteAheadLog?[] s_logs = new WriteAheadLog?[4];

    /// <summary>How many there are: a log that nobody closed holds its system, and all that is behind it, for ever.</summary>
    internal static int Count => s_logs.Count(static log => log is not null);

    internal static int Add(WriteAheadLog log)
    {
        lock (s_lock)
        {
            WriteAheadLog?[] logs = s_logs;
            int number = Array.IndexOf(logs, null);
            if (number < 0)
            {
                number = logs.Length;
                Array.Resize(ref logs, logs.Length * 2);
            }

            logs[number] = log;
            s_logs = logs;
            return number;
        }
    }

    /// <summary>Takes a log out whose last I/O is over: its number is given to another.</summary>
    internal static void Remove(int number)
    {
        lock (s_lock) s_logs[number] = null;
    }

    internal static WriteAheadLog? Find(int number)
    {
        WriteAheadLog?[] logs = s_logs;
        return (uint)number < (uint)logs.Length ? logs[number] : null;
    }
}
