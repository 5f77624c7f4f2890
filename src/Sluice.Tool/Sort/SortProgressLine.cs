using System.Globalization;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Sort;

/// <summary>A line on the terminal that says how far a sort is. Only there, and only when the output goes elsewhere.</summary>
internal sealed class SortProgressLine : IDisposable
{
    private const int Cells = 30;
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(200);

    private readonly SortReport _report;
    private readonly TextWriter _error;
    private readonly Timer _timer;
    private readonly Lock _lock = new();
    private bool _isShown;
    private bool _isDisposed;

    private SortProgressLine(SortReport report, TextWriter error)
    {
        _report = report;
        _error = error;
        _timer = new Timer(_ => Show(), null, s_period * 5, s_period);
    }

    internal static SortProgressLine? TryStart(SortReport report, TextWriter error, SortArguments arguments) =>
        ToolConsole.IsTerminal(error) && (arguments.Output is not null || Console.IsOutputRedirected)
            ? new SortProgressLine(report, error) : null;

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _timer.Dispose();
            if (_isShown) _error.Write("\r\u001b[K");
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isShown = true;
            bool isMerging = _report.LinesWritten != 0;
            if (!isMerging || _report.Lines == 0)
            {
                long lines = isMerging ? _report.LinesWritten : _report.LinesBuilt;
                string count = lines.ToString("N0", CultureInfo.InvariantCulture);
                _error.Write($"\r\u001b[K{(isMerging ? "merging" : "sorting")}: {count} lines");
                return;
            }

            double share = Math.Min(1, (double)_report.LinesWritten / _report.Lines);
            int filled = (int)(share * Cells);
            string percent = (share * 100).ToString("0", CultureInfo.InvariantCulture);
            _error.Write($"\r\u001b[Kmerging [{new string('#', filled)}{new string('.', Cells - filled)}] {percent} %");
        }
    }
}
