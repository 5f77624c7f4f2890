namespace Sluice.Simulation.Tests;

/// <summary>Writers with the mistakes that real ones make: the positive controls of the simulator.</summary>
internal static class BrokenWriters
{
    internal static ScenarioInfo Log(string name, Func<AioSystem, string, AppendLog> create) =>
        new(name, "broken", () => new LogScenario(create));

    internal static ScenarioInfo File(string name, Func<AioSystem, string, AtomicFile> create) =>
        new(name, "broken", () => new FileScenario(create));

    /// <summary>Acknowledges what was written and not flushed.</summary>
    internal sealed class ForgetsToFlush(AioSystem system, string path) : AppendLog(system, path)
    {
        protected override Task FlushAsync() => Task.CompletedTask;
    }

    /// <summary>Asks for writing back, and takes that for a flush.</summary>
    internal sealed class TrustsAHint(AioSystem system, string path) : AppendLog(system, path)
    {
        protected override Task FlushAsync() => File.StartWriteBackAsync(0, End).AsTask();
    }

    /// <summary>Flushes while the writes are still in flight.</summary>
    internal sealed class FlushesTooEarly(AioSystem system, string path) : AppendLog(system, path)
    {
        private readonly List<Task> _writes = [];

        protected override Task WriteAsync(byte[] record, long offset)
        {
            _writes.Add(base.WriteAsync(record, offset));
            return Task.CompletedTask;
        }

        protected override async Task FlushAsync()
        {
            await base.FlushAsync();
            await Task.WhenAll(_writes);
            _writes.Clear();
        }
    }

    /// <summary>Takes a short write for a whole one.</summary>
    internal sealed class IgnoresShortWrites(AioSystem system, string path) : AppendLog(system, path)
    {
        protected override async Task WriteAsync(byte[] record, long offset)
        {
            AioContext context = AioLoop.Current!.Context;
            AioReturn place = new();
            do
            {
                WaitReference reference = Start(context, record, offset, place, out System.Buffers.MemoryHandle pin);
                await context.WaitAsync(reference);
                pin.Dispose();
            }
            while (place.Result.Status == AioStatus.Error && !File.IsPoisoned && !place.Result.IsOutcomeUnknown);
            place.ThrowIfFailed();
        }

        private unsafe WaitReference Start(
            AioContext context, byte[] record, long offset, AioReturn place, out System.Buffers.MemoryHandle pin)
        {
            pin = record.AsMemory().Pin();
            AioHandle handle = context.Acquire(place);
            handle.SetVector(new IoVector(pin.Pointer, record.Length));
            WaitReference reference = handle.Reference;
            handle.StartWrite(File.File, offset);
            return reference;
        }
    }

    /// <summary>Tries a failed flush again, on the file opened anew, and believes the success.</summary>
    internal sealed class RetriesAFailedFlush(AioSystem system, string path) : AppendLog(system, path)
    {
        protected override Task OnFlushFailedAsync() => ReopenAsync();
    }

    /// <summary>Uses one buffer for all records, and the next one before the write of the last has ended.</summary>
    internal sealed class ReusesItsBufferTooEarly(AioSystem system, string path) : AppendLog(system, path)
    {
        private readonly byte[] _buffer = new byte[8192];

        protected override async Task WriteAsync(byte[] record, long offset)
        {
            record.CopyTo(_buffer, 0);
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    await File.WriteAsync(_buffer.AsMemory(0, record.Length), offset);
                    return;
                }
                catch (AioException) when (attempt < 20 && !File.IsPoisoned)
                {
                    record.CopyTo(_buffer, 0);
                }
            }
        }
    }

    /// <summary>Takes an I/O for done when its handle can be had again by somebody, instead of waiting for its reference.</summary>
    internal sealed class TakesAStartedWriteForDone(AioSystem system, string path) : AppendLog(system, path)
    {
        protected override Task WriteAsync(byte[] record, long offset)
        {
            _ = base.WriteAsync(record, offset);
            return Task.CompletedTask;
        }
    }

    /// <summary>Gives the file its name before its content is durable.</summary>
    internal sealed class RenamesBeforeSyncing(AioSystem system, string path) : AtomicFile(system, path)
    {
        protected override async Task WriteAsync(byte[] content)
        {
            IoOpenOptions create = new() { Access = IoAccess.Write, Creation = IoCreation.CreateOrTruncate };
            await using AioFile file = await AioFile.OpenAsync(System, TemporaryPath, create);
            await file.WriteAsync(content, 0);
        }
    }

    private sealed class LogScenario(Func<AioSystem, string, AppendLog> create) : AppendLogScenario
    {
        protected override AppendLog CreateLog(AioSystem system, string path) => create(system, path);
    }

    private sealed class FileScenario(Func<AioSystem, string, AtomicFile> create) : AtomicFileScenario
    {
        protected override AtomicFile CreateFile(AioSystem system, string path) => create(system, path);
    }
}
