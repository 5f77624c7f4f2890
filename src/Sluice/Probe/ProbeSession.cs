namespace Sluice;

/// <summary>One measurement. Runs on a loop, so that its flows share counters without locks.</summary>
internal sealed class ProbeSession(
    AioSystem system,
    string folder,
    string fileSystemId,
    DurabilityProbeOptions options,
    IProgress<DurabilityProgress>? progress,
    CancellationToken cancellationToken)
{
    private const long FileBytesLeast = 8 << 20;
    private const int ReadSeed = 20250930;

    private readonly Random _random = new(ReadSeed);
    private readonly List<ProbeCell> _cells = [];
    private AioBuffer[] _buffers = [];
    private int _sliceOperations;

    internal async Task<DurabilityReport> RunAsync()
    {
        long begin = system.TimeProvider.GetTimestamp();
        cancellationToken.ThrowIfCancellationRequested();
        progress?.Report(new DurabilityProgress(0, "writing the files to measure on"));
        int[] depths = Usable(options.Depths);
        int[] readDepths = Usable(options.ReadDepths);
        int flows = Math.Max(depths.Max(), readDepths.DefaultIfEmpty(1).Max());
        using BufferArena fill = ProbeFiles.CreateFillArena(system);
        using BufferArena arena = system.CreateArena(options.BlockBytes, flows);
        ProbeFiles? buffered = null;
        ProbeFiles? direct = null;
        try
        {
            // Whole units of what the fill writes, and room for every flow twice.
            long fileBytes = Math.Max(FileBytesLeast, RoundUp(2L * flows * options.BlockBytes, FileBytesLeast));
            buffered = await ProbeFiles.CreateAsync(system, folder, direct: false, fileBytes, fill, cancellationToken);
            string? directObstacle = null;
            try
            {
                direct = await ProbeFiles.CreateAsync(system, folder, direct: true, fileBytes, fill, cancellationToken);
                int alignment = direct.Plain.Capabilities.OffsetAlignmentBytes;
                if (options.BlockBytes % alignment != 0)
                {
                    directObstacle = $"blocks of {options.BlockBytes} bytes are not a multiple of the {alignment} that direct I/O needs";
                }
            }
            catch (AioException exception)
            {
                directObstacle = exception.Message;
            }

            _buffers = new AioBuffer[flows];
            for (int index = 0; index < flows; index++) _buffers[index] = arena.Rent();
            AddCells(buffered, direct, depths, readDepths, directObstacle);
            await MeasureAsync(begin);
            return MakeReport(direct, directObstacle);
        }
        finally
        {
            foreach (AioBuffer? buffer in _buffers) buffer?.Return();
            if (direct is not null) await direct.DisposeAsync();
            if (buffered is not null) await buffered.DisposeAsync();
        }
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;

    // More than the loop's context has handles would only queue.
    private int[] Usable(IReadOnlyList<int> depths)
    {
        int most = system.Options.HandlesPerContext;
        return [.. depths.Select(depth => Math.Min(depth, most)).Distinct().Order()];
    }

    private void AddCells(ProbeFiles buffered, ProbeFiles? direct, int[] depths, int[] readDepths, string? directObstacle)
    {
        foreach (int depth in depths)
        {
            foreach (bool isDirect in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (DurableWriteForm form in Enum.GetValues<DurableWriteForm>())
                {
                    ProbeFiles? files = isDirect ? direct : buffered;
                    string? obstacle = isDirect ? directObstacle : null;
                    if (obstacle is null && form == DurableWriteForm.WriteThrough && !files!.Plain.Capabilities.CanWriteThrough)
                    {
                        obstacle = "the file system cannot make a single write durable";
                    }

                    _cells.Add(new ProbeCell(form, files, isDirect, depth) { Obstacle = obstacle });
                }
            }
        }

        bool readsDirect = direct is not null && directObstacle is null;
        foreach (int depth in readDepths) _cells.Add(new ProbeCell(null, readsDirect ? direct : buffered, readsDirect, depth));
    }

    private async Task MeasureAsync(long begin)
    {
        // In turns, so that a noisy moment of the machine falls on all of them.
        for (int round = 0; round < options.Rounds; round++)
        {
            for (int index = 0; index < _cells.Count; index++)
            {
                TimeSpan left = options.Budget - system.TimeProvider.GetElapsedTime(begin);
                if (round != 0 && left <= TimeSpan.Zero) return;
                int slicesLeft = ((options.Rounds - round) * _cells.Count) - index;
                progress?.Report(new DurabilityProgress(1 - ((double)slicesLeft / (options.Rounds * _cells.Count)), _cells[index].Name));
                if (_cells[index].Obstacle is null)
                {
                    await MeasureSliceAsync(_cells[index], left > TimeSpan.Zero ? left / slicesLeft : TimeSpan.Zero);
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task MeasureSliceAsync(ProbeCell cell, TimeSpan length)
    {
        long begin = system.TimeProvider.GetTimestamp();
        _sliceOperations = 0;
        Task[] flows = new Task[cell.Depth];
        for (int flow = 0; flow < flows.Length; flow++)
        {
            flows[flow] = RunFlowAsync(cell, _buffers[flow].Memory[..options.BlockBytes], begin, length);
        }

        try
        {
            await Task.WhenAll(flows);
            cell.EndSlice(_sliceOperations, system.TimeProvider.GetElapsedTime(begin));
        }
        catch (AioException exception)
        {
            // All flows have ended: nothing is in flight on the buffers.
            cell.Obstacle = exception.Message;
        }
    }

    private async Task RunFlowAsync(ProbeCell cell, Memory<byte> memory, long begin, TimeSpan length)
    {
        do
        {
            long start = system.TimeProvider.GetTimestamp();
            await DoAsync(cell, memory);
            cell.AddOperation(system.TimeProvider.GetElapsedTime(start));
            _sliceOperations++;
        }
        while (cell.Obstacle is null && !cancellationToken.IsCancellationRequested && system.TimeProvider.GetElapsedTime(begin) < length);
    }

    private async ValueTask DoAsync(ProbeCell cell, Memory<byte> memory)
    {
        ProbeFiles files = cell.Files!;
        if (cell.Form is null)
        {
            long block = _random.NextInt64(files.LengthBytes / options.BlockBytes);
            await files.Plain.ReadAsync(memory, block * options.BlockBytes, CancellationToken.None);
            return;
        }

        long offset = files.NextOffset(options.BlockBytes);
        switch (cell.Form.Value)
        {
            case DurableWriteForm.WriteThenFlush:
                await files.Plain.WriteAsync(memory, offset, AioDurability.None, CancellationToken.None);
                await files.Plain.FlushAsync(CancellationToken.None);
                break;
            case DurableWriteForm.WriteThrough:
                await files.Plain.WriteAsync(memory, offset, AioDurability.WriteThrough, CancellationToken.None);
                break;
            case DurableWriteForm.FileWriteThrough:
                await files.Through.WriteAsync(memory, offset, AioDurability.None, CancellationToken.None);
                break;
            default:
                await files.Plain.WriteAsync(memory, offset, AioDurability.FlushAfter, CancellationToken.None);
                break;
        }
    }

    private DurabilityReport MakeReport(ProbeFiles? direct, string? directObstacle)
    {
        List<DurabilityRow> rows = [.. _cells.Where(static cell => cell.Form is not null).Select(static cell => cell.ToRow())];
        List<DurabilityReadRow> reads =
        [
            .. _cells.Where(static cell => cell.Form is null && cell.Obstacle is null).Select(static cell => cell.ToReadRow()),
        ];
        List<DurabilityChoice> best =
        [
            .. rows.Where(static row => row.Obstacle is null).GroupBy(static row => (row.Depth, row.IsDirect)).Select(Choose),
        ];
        bool readsAreDirect = direct is not null && directObstacle is null;
        return new DurabilityReport
        {
            Folder = folder,
            FileSystemId = fileSystemId,
            MethodName = system.MethodName,
            BlockBytes = options.BlockBytes,
            DirectObstacle = directObstacle,
            MemoryAlignmentBytes = direct?.Plain.Capabilities.MemoryAlignmentBytes ?? 0,
            OffsetAlignmentBytes = direct?.Plain.Capabilities.OffsetAlignmentBytes ?? 0,
            Rows = rows,
            Reads = reads,
            Best = best,
            Suggestion = ProbeAdvice.Make(system, reads, readsAreDirect),
        };
    }

    private static DurabilityChoice Choose(IGrouping<(int Depth, bool IsDirect), DurabilityRow> rows)
    {
        DurabilityRow best = rows.MaxBy(static row => row.WritesPerSecond)!;
        return new DurabilityChoice(best.Depth, best.IsDirect, best.Form, best.WritesPerSecond);
    }
}
