using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Bench;

/// <summary>
/// Says what is being done: a bar on a terminal, a line each elsewhere. It is drawn between runs only: what draws by itself would
/// be measured too.
/// </summary>
internal abstract class BenchProgress
{
    /// <summary>Says what comes next.</summary>
    /// <param name="done">How many steps are over.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="what">What comes.</param>
    internal abstract void Next(int done, int count, string what);

    /// <summary>Runs work with progress on a writer.</summary>
    internal static T Run<T>(TextWriter error, Func<BenchProgress, T> work)
    {
        if (!ToolConsole.IsTerminal(error)) return work(new Lines(error));
        return ToolConsole.On(error).Progress().AutoRefresh(false).AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context => work(new Bar(context)));
    }

    private sealed class Lines(TextWriter error) : BenchProgress
    {
        internal override void Next(int done, int count, string what) => error.WriteLine($"[{done + 1}/{count}] {what}");
    }

    private sealed class Bar(ProgressContext context) : BenchProgress
    {
        private readonly ProgressTask _task = context.AddTask("starting");

        internal override void Next(int done, int count, string what)
        {
            _task.MaxValue = count;
            _task.Value = done;
            _task.Description = Markup.Escape(what);
            context.Refresh();
        }
    }
}
