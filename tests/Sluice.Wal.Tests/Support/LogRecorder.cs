using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>
/// Records what a method is given, in order: from the log's writes and flushes what of the log is durable, byte for byte, and with each
/// write of a page what was durable when it was submitted. It believes no position that the log tells.
/// </summary>
internal sealed class LogRecorder
{
    private const int MomentsMax = 40;

    private readonly Lock _lock = new();
    private readonly string _logFolder;
    private readonly string _dataPath;
    private readonly Dictionary<string, byte[]> _durable = [];
    private readonly Dictionary<string, List<Written>> _written = [];
    private readonly Dictionary<IoRequest, Written> _writing = [];
    private readonly Dictionary<IoRequest, Written[]> _flushing = [];
    private readonly List<Moment> _moments = [];
    private ulong _highest;

    /// <summary>Begins with the segments that are there.</summary>
    /// <param name="control">Of the method to watch.</param>
    /// <param name="logFolder">The log's folder.</param>
    /// <param name="dataPath">The file of the pages.</param>
    internal LogRecorder(InjectionControl control, string logFolder, string dataPath)
    {
        (_logFolder, _dataPath) = (logFolder, dataPath);
        foreach (string path in Directory.GetFiles(logFolder).Where(IsSegment)) _durable[path] = File.ReadAllBytes(path);
        control.Submitting = OnSubmitting;
        control.Completing = OnCompleting;
    }

    /// <summary>How many pages were written.</summary>
    internal int PagesWritten { get; private set; }

    /// <summary>How many moments can be looked at: those at which a page was written whose log was newer than that of all before.</summary>
    internal int MomentCount => _moments.Count;

    /// <summary>
    /// Reads the log as it was durable at each moment, and counts those at which it did not reach the position of the page.
    /// </summary>
    internal async Task<int> CountViolationsAsync(AioSystem system)
    {
        int violations = 0;
        foreach (Moment moment in _moments)
        {
            using TempFolder folder = new();
            foreach ((string path, byte[] content) in moment.Durable)
            {
                await File.WriteAllBytesAsync(Path.Combine(folder.Path, Path.GetFileName(path)), content);
            }

            List<(LogRecord Record, byte[] Body)> records = await TestLog.ReadAllAsync(system, folder.Path);
            if (records.Count == 0 || records[^1].Record.EndPosition < moment.Needed) violations++;
        }

        return violations;
    }

    private static bool IsSegment(string path) => SegmentName.TryParse(Path.GetFileName(path), 1 << 20, out _, out _);

    private void OnSubmitting(IoRequest request)
    {
        lock (_lock)
        {
            string path = request.File.Path;
            bool isLog = Path.GetDirectoryName(path) == _logFolder && IsSegment(path);
            if (request.Operation == IoOperation.Write && isLog) _writing[request] = new Written(path, request.OffsetBytes, Copy(request));
            else if (request.Operation == IoOperation.Write && path == _dataPath) OnPages(request);
            else if (request.Operation is IoOperation.Fdatasync or IoOperation.Fsync && isLog) _flushing[request] = [.. WrittenTo(path)];
        }
    }

    private void OnCompleting(IoRequest request, int result)
    {
        lock (_lock)
        {
            if (_writing.Remove(request, out Written? write) && result > 0)
            {
                write = write with { Content = write.Content[..result] };
                bool isDurable = (request.Flags & (IoRequestFlags.WriteThrough | IoRequestFlags.FlushAfter)) != 0;
                if (isDurable) Apply(write);
                else WrittenTo(write.Path).Add(write);
            }

            if (!_flushing.Remove(request, out Written[]? covered) || result < 0) return;
            foreach (Written one in covered)
            {
                // Flushed by another meanwhile, and perhaps written anew since.
                if (WrittenTo(one.Path).Remove(one)) Apply(one);
            }
        }
    }

    private void OnPages(IoRequest request)
    {
        byte[] content = Copy(request);
        for (int at = 0; at < content.Length; at += StorageLimits.PageBytes)
        {
            PagesWritten++;
            LogPosition needed = PageHeader.LogPositionOf(content.AsSpan(at, StorageLimits.PageBytes));
            if (needed.Value <= _highest || _moments.Count == MomentsMax) continue;
            _highest = needed.Value;
            _moments.Add(new Moment(needed, _durable.ToDictionary(static pair => pair.Key, static pair => (byte[])pair.Value.Clone())));
        }
    }

    private void Apply(Written write)
    {
        if (!_durable.TryGetValue(write.Path, out byte[]? image)) _durable[write.Path] = image = new byte[1 << 20];
        write.Content.CopyTo(image, write.Offset);
    }

    private List<Written> WrittenTo(string path)
    {
        if (!_written.TryGetValue(path, out List<Written>? list)) _written[path] = list = [];
        return list;
    }

    private static unsafe byte[] Copy(IoRequest request)
    {
        byte[] content = new byte[request.LengthBytes];
        int at = 0;
        foreach (IoVector vector in request.VectorSpan)
        {
            new ReadOnlySpan<byte>((void*)vector.Address, (int)vector.LengthBytes).CopyTo(content.AsSpan(at));
            at += (int)vector.LengthBytes;
        }

        return content;
    }

    private sealed record Written(string Path, long Offset, byte[] Content);

    private sealed record Moment(LogPosition Needed, Dictionary<string, byte[]> Durable);
}
