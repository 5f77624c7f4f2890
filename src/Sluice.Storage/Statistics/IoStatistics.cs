using System.Diagnostics;

namespace Sluice.Storage;

/// <summary>What was done since the start: what PostgreSQL's pg_stat_io tells. A copy; it does not change.</summary>
public sealed class IoStatistics
{
    private readonly IoCounters _counters;

    internal IoStatistics(IoCounters counters) => _counters = counters;

    /// <summary>Every row that counts something.</summary>
    public IEnumerable<IoStatisticsRow> Rows
    {
        get
        {
            foreach (IoObject kind in Enum.GetValues<IoObject>())
            {
                foreach (IoContext context in Enum.GetValues<IoContext>())
                {
                    foreach (IoAction action in Enum.GetValues<IoAction>())
                    {
                        IoStatisticsRow row = this[kind, context, action];
                        if (row.Count != 0) yield return row;
                    }
                }
            }
        }
    }

    /// <summary>One row.</summary>
    /// <param name="kind">About what.</param>
    /// <param name="context">In which kind of access.</param>
    /// <param name="action">What was done.</param>
    public IoStatisticsRow this[IoObject kind, IoContext context, IoAction action]
    {
        get
        {
            (long count, long bytes, long ticks) = _counters.Read(kind, context, action);
            return new IoStatisticsRow(kind, context, action, count, bytes, TimeSpan.FromSeconds((double)ticks / Stopwatch.Frequency));
        }
    }

    /// <summary>How often something was done, in every kind of access.</summary>
    /// <param name="kind">About what.</param>
    /// <param name="action">What was done.</param>
    public long Count(IoObject kind, IoAction action)
    {
        long sum = 0;
        foreach (IoContext context in Enum.GetValues<IoContext>()) sum += this[kind, context, action].Count;
        return sum;
    }
}
