using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Sluice.TempFiles;

namespace Sluice.Tool.Sort;

/// <summary>
/// One sort of lines. Threads take turns at the input: each fills memory of its own, sorts it and writes it as a run; in the end the
/// calling thread
/// merges the runs while another writes the output.
/// </summary>
internal sealed unsafe class SortJob<TOrder>
    where TOrder : struct, IRecordOrder
{
    private const int LinesPerLook = 65536;
    private const int MergeBufferBytes = 256 << 10;
    private const long OutputBytes = 3 << 20;

    private readonly AioSystem _system;
    private readonly SortArguments _arguments;
    private readonly TOrder _order;
    private readonly SortShared _shared;
    private readonly SortReport _report;
    private readonly int _threads;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _inputLock = new();
    private readonly List<RunBuilder<TOrder>> _kept = [];
    private bool _isSpilling;
    private long _nextSequence;
    private Exception? _failure;

    internal SortJob(AioSystem system, TempSpace space, SortArguments arguments, TOrder order, SortReport report, long memoryBytes,
        int threads, CancellationToken cancellationToken)
    {
        _system = system;
        _arguments = arguments;
        _order = order;
        _report = report;
        _threads = threads;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long memory = Math.Max(memoryBytes - OutputBytes, threads * SortPlan.MemoryBytesMin);
        SortPlan plan = SortPlan.For(memory, threads);
        if (arguments.BatchSize != 0) plan = plan with { FanIn = Math.Min(plan.FanIn, arguments.BatchSize) };
        _shared = new SortShared(space.CreateOwner("sort"), plan, arguments.IsUnique, long.MaxValue, _stop.Token);
    }

    /// <summary>Sorts or merges, and gives the output its name.</summary>
    /// <param name="target">Where the output goes.</param>
    internal void Run(SortTarget target)
    {
        try
        {
            if (_arguments.Merges) RunMerge(target);
            else RunSort(target);
            target.Publish();
        }
        finally
        {
            foreach (RunBuilder<TOrder> builder in _kept) builder.Dispose();
            _shared.Dispose();
            _stop.Dispose();
        }
    }

    /// <summary>Checks whether the input is in order.</summary>
    /// <returns>The first line that is not, with its number; null when all are.</returns>
    internal (long Number, byte[] Line)? Check()
    {
        using AioContext context = _system.CreateContext("sort input");
        using LineFileSource lines = new(LineFile.Open(_system, context, _arguments.Files[0]), _arguments.Delimiter, MergeBufferBytes * 4);
        using SortMemory last = new(4096);
        int lastLength = -1;
        long number = 0;
        while (lines.MoveNext())
        {
            number++;
            if (lastLength >= 0)
            {
                int order = _order.Compare(last.Address, lastLength, lines.Record, lines.Length);
                if (order > 0 || (order == 0 && _arguments.IsUnique)) return (number,
                    new ReadOnlySpan<byte>(lines.Record, lines.Length).ToArray());
            }

            if (lines.Length > last.LengthBytes) last.Replace(lines.Length * 2L);
            Buffer.MemoryCopy(lines.Record, last.Address, lines.Length, lines.Length);
            lastLength = lines.Length;
            if (number % LinesPerLook == 0) _stop.Token.ThrowIfCancellationRequested();
        }

        return null;
    }

    private void RunSort(SortTarget target)
    {
        long started = Stopwatch.GetTimestamp();
        using (LineInput input = new(_system, _arguments.Files, _arguments.Delimiter))
        {
            // What fits in memory is shared out evenly, so that all threads have something to sort.
            long known = _report.InputBytes;
            long bytesMax = known > 0 && known < _shared.Plan.RunBytes * _threads / 2 ? Math.Max(1 << 20, (known / _threads) + 1)
                : long.MaxValue;
            Thread[] threads = [.. Enumerable.Range(1, _threads - 1).Select(_ =>
                new Thread(() => BuildGuarded(input, bytesMax)) { IsBackground = true, Name = "sluice-sort" })];
            foreach (Thread thread in threads) thread.Start();
            BuildGuarded(input, bytesMax);
            foreach (Thread thread in threads) thread.Join();
            if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
            if (!input.IsAtEnd) _isSpilling = true;
            if (_isSpilling) SpillKept();
            Build(input, long.MaxValue);
            _report.Lines = input.Lines;
            _report.InputBytes = input.BytesRead;
        }

        _report.Runs = _shared.RunsBuilt;
        _report.SpilledBytes = _shared.SpilledBytes;
        _report.BuildTime = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();
        using AioContext context = _system.CreateContext("sort merge");
        using MergedRecords<TOrder> merged = OpenResult(context);
        Write(merged, target);
        _report.MergeTime = Stopwatch.GetElapsedTime(started);
    }

    private MergedRecords<TOrder> OpenResult(AioContext context)
    {
        if (_isSpilling) return RunMerger.Open(_shared, context, _shared.TakeRuns(), _order);
        IEnumerable<RunBuilder<TOrder>> kept = _kept.OrderBy(static builder => builder.Sequence);
        return new MergedRecords<TOrder>([.. kept.Select(static builder => new BuilderRecordSource<TOrder>(builder))], null, _order,
            _arguments.IsUnique, long.MaxValue);
    }

    private void BuildGuarded(LineInput input, long bytesMax)
    {
        try
        {
            Build(input, bytesMax);
        }
        catch (Exception exception)
        {
            // The others stop at their next look; the first failure is the one to tell of.
            Interlocked.CompareExchange(ref _failure, exception, null);
            _stop.Cancel();
        }
    }

    private void Build(LineInput input, long bytesMax)
    {
        RunBuilder<TOrder>? builder = null;
        try
        {
            while (true)
            {
                lock (_inputLock)
                {
                    if (input.IsAtEnd) break;
                    builder ??= new RunBuilder<TOrder>(_shared, _system.CreateContext("sort run"), _order);
                    input.Fill(builder, _order, bytesMax, _stop.Token);
                    builder.Sequence = _nextSequence++;
                    if (!input.IsAtEnd && bytesMax == long.MaxValue) _isSpilling = true;
                }

                // Under the lock of its own turn whoever filled a run before this one has said whether runs go to disk.
                if (!Volatile.Read(ref _isSpilling))
                {
                    builder.Sort();
                    lock (_inputLock) _kept.Add(builder);
                    builder = null;
                    break;
                }

                builder.Spill();
                _report.LinesBuilt = input.Lines;
            }

            builder?.CompleteWrites();
        }
        finally
        {
            builder?.Dispose();
        }
    }

    // Each thread kept one run in memory, and there is more input, or another went to disk: then all do.
    private void SpillKept()
    {
        foreach (RunBuilder<TOrder> builder in _kept)
        {
            builder.Spill();
            builder.CompleteWrites();
            builder.Dispose();
        }

        _kept.Clear();
    }

    private void RunMerge(SortTarget target)
    {
        long started = Stopwatch.GetTimestamp();
        int most = Math.Max(2, Math.Min(_shared.Plan.FanIn, _arguments.BatchSize == 0 ? 256 : _arguments.BatchSize));
        using AioContext context = _system.CreateContext("sort merge");

        // A file that is written in place while it is merged is taken aside first.
        bool isOutput(string name) => target.IsInPlace && _arguments.Output is { } output && FileIdentity.AreSame(name, output);
        bool needsRuns = _arguments.Files.Count > most || _arguments.Files.Exists(isOutput);
        using MergedRecords<TOrder> merged = needsRuns ? OpenRuns(context, most) : OpenFiles(context, _arguments.Files);
        Write(merged, target);
        _report.MergeTime = Stopwatch.GetElapsedTime(started);
    }

    private MergedRecords<TOrder> OpenRuns(AioContext context, int most)
    {
        SortPlan plan = _shared.Plan;
        for (int first = 0; first < _arguments.Files.Count; first += most)
        {
            List<string> names = _arguments.Files.GetRange(first, Math.Min(most, _arguments.Files.Count - first));
            LogicalTape tape = _shared.Tapes.CreateTape();
            long lines = 0;
            using (MergedRecords<TOrder> group = OpenFiles(context, names))
            using (LogicalTapeWriter writer = new(context, _shared.Tapes, plan.WriterBuffers, _stop.Token))
            {
                writer.Begin(tape);
                while (group.MoveNext())
                {
                    writer.WriteRecord(group.Record, group.Length);
                    if (++lines % LinesPerLook == 0) _stop.Token.ThrowIfCancellationRequested();
                }

                writer.Finish();
            }

            _shared.AddRun(new SortRun(first, tape, lines));
        }

        _report.Runs = _shared.RunsBuilt;
        _report.SpilledBytes = _shared.SpilledBytes;
        return RunMerger.Open(_shared, context, _shared.TakeRuns(), _order);
    }

    private MergedRecords<TOrder> OpenFiles(AioContext context, List<string> names)
    {
        long each = Math.Clamp(_shared.Plan.RunBytes * _threads / names.Count / 4096 * 4096, 8192, MergeBufferBytes * 4);
        List<RecordSource> sources = [];
        try
        {
            foreach (string name in names) sources.Add(new LineFileSource(LineFile.Open(_system, context, name), _arguments.Delimiter,
                (int)each));
        }
        catch
        {
            foreach (RecordSource source in sources) source.Dispose();
            throw;
        }

        return new MergedRecords<TOrder>([.. sources], null, _order, _arguments.IsUnique, long.MaxValue);
    }

    private void Write(MergedRecords<TOrder> merged, SortTarget target)
    {
        using SortOutput output = SortOutput.Open(_system, target, _arguments.Delimiter);
        long lines = 0;
        while (merged.MoveNext())
        {
            output.WriteLine(merged.Record, merged.Length);
            if (++lines % LinesPerLook != 0) continue;
            _stop.Token.ThrowIfCancellationRequested();
            _report.LinesWritten = lines;
        }

        output.Finish();
        _report.LinesWritten = lines;
        _report.OutputBytes = output.Bytes;
        _report.MemoryBytesPeak = _shared.MemoryBytesPeak;
    }
}
