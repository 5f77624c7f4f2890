namespace Sluice.Tool.Bench.Engines;

/// <summary>Does a workload by one method in one mode: opens what it needs when made, runs flows until the window closes.</summary>
internal abstract class Engine : IDisposable
{
    /// <summary>Makes the counts of each flow.</summary>
    /// <param name="workload">The work.</param>
    /// <param name="window">The time that is measured.</param>
    /// <param name="flows">How many flows count.</param>
    protected Engine(Workload workload, Window window, int flows)
    {
        Workload = workload;
        Window = window;
        Tallies = new Tally[flows];
        for (int flow = 0; flow < flows; flow++) Tallies[flow] = new Tally(window);
    }

    /// <summary>Each flow's counts; to be read when the flows have ended.</summary>
    internal Tally[] Tallies { get; }

    /// <summary>The method's name for the report.</summary>
    internal abstract string Method { get; }

    /// <summary>Operations in flight per thread: fewer than asked for when the method has only one.</summary>
    internal virtual int Depth => Workload.Depth;

    /// <summary>The one mode the method has; null when it has all.</summary>
    internal virtual Mode? Mode => null;

    /// <summary>The work.</summary>
    protected Workload Workload { get; }

    /// <summary>The time that is measured.</summary>
    protected Window Window { get; }

    /// <summary>Makes the engine for a method.</summary>
    /// <param name="workload">The work.</param>
    /// <param name="window">The time that is measured.</param>
    /// <param name="method">An io_method, <c>randomaccess</c> or <c>pread</c>.</param>
    /// <param name="mode">How to wait; .NET's own ways have one each.</param>
    internal static Engine Create(Workload workload, Window window, string method, Mode mode) => method switch
    {
        Names.RandomAccessMethod => new RandomAccessEngine(workload, window),
        Names.PreadMethod => new PreadEngine(workload, window),
        _ => mode switch
        {
            Bench.Mode.Blocking => new BlockingEngine(workload, window, method),
            Bench.Mode.Await => new AwaitEngine(workload, window, method),
            _ => new LoopEngine(workload, window, method),
        },
    };

    /// <summary>Starts the flows and returns.</summary>
    internal abstract void Start();

    /// <summary>Waits for the flows to end; the window was closed before.</summary>
    internal abstract void Join();

    /// <summary>Releases what was opened; the flows have ended.</summary>
    public abstract void Dispose();
}
