using System.Globalization;
using System.Text;

namespace Sluice.Tool.Bench;

/// <summary>A run that is to be made.</summary>
/// <param name="Workload">The work.</param>
/// <param name="Method">An io_method, <c>randomaccess</c> or <c>pread</c>.</param>
/// <param name="Mode">How to wait.</param>
internal sealed record PlannedRun(Workload Workload, string Method, Mode Mode)
{
    /// <summary>Whether the method is .NET's own, which has one mode.</summary>
    internal bool IsSystems => Method is Names.RandomAccessMethod or Names.PreadMethod;

    /// <summary>In a few words, for progress.</summary>
    internal string Title =>
        $"{Names.Of(Workload.Scenario)} {Method}{(IsSystems ? "" : " " + Names.Of(Mode))}, "
        + $"{BenchText.Argument(Workload.BlockBytes)} x {Workload.Depth}{(Workload.IsDirect ? ", direct" : "")}";

    /// <summary>The command that makes the run again, with a file of its own.</summary>
    internal string Command
    {
        get
        {
            StringBuilder command = new($"sluice bench {Names.Of(Workload.Scenario)} --method {Method}");
            if (!IsSystems) command.Append(" --mode ").Append(Names.Of(Mode));
            command.Append(CultureInfo.InvariantCulture, $" --block {BenchText.Argument(Workload.BlockBytes)} --depth {Workload.Depth}");
            if (Workload.Threads != 1) command.Append(CultureInfo.InvariantCulture, $" --threads {Workload.Threads}");
            if (Workload.Scenario != Scenario.Null) command.Append(" --size ").Append(BenchText.Argument(Workload.RangeBytes));
            if (Workload.IsDirect) command.Append(" --direct");
            if (Workload.IsRegistered) command.Append(" --registered");
            if (Workload.IsDurable) command.Append(" --durable ").Append(Names.Of(Workload.Durable));
            return command.Append(CultureInfo.InvariantCulture, $" --seconds {Workload.Duration.TotalSeconds}").ToString();
        }
    }
}
