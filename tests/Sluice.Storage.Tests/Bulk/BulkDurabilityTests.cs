using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Bulk;

/// <summary>When what a bulk writer wrote is made durable, by whom; and that its I/O is counted.</summary>
public sealed class BulkDurabilityTests
{
    private const uint Blocks = 20;

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task CoordinatedWithNobodyToAskSyncsAtTheEnd(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        await bench.WriteAsync(new BulkWriterOptions { Durability = BulkDurability.Coordinated });
        Assert.Equal(["16384", "16384.1", "16384.2"], bench.Synced());
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task CoordinatedLeavesItToTheNextCheckpoint(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        await bench.WriteAsync(new BulkWriterOptions { Durability = BulkDurability.Coordinated, Checkpointer = bench.Checkpointer });
        await ExpectSyncedByTheNextCheckpointAsync(bench);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task CoordinatedSyncsWhenACheckpointStartedMeanwhile(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        BulkWriterOptions options = new() { Durability = BulkDurability.Coordinated, Checkpointer = bench.Checkpointer };
        await bench.WriteAsync(options, inTheMiddle: bench.CheckpointUnseenAsync);
        Assert.Equal(["16384", "16384.1", "16384.2"], bench.Synced());
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task CoordinatedSyncsWhenACheckpointThatStartedMeanwhileFailed(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        BulkWriterOptions options = new() { Durability = BulkDurability.Coordinated, Checkpointer = bench.Checkpointer };
        await bench.WriteAsync(options, inTheMiddle: async () =>
        {
            using CancellationTokenSource stopped = new();
            bench.Log.WhenBegun = stopped.Cancel;
            await bench.DirtyAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => bench.Checkpointer.CheckpointAsync(cancellationToken: stopped.Token));
            bench.ForgetSynced();
        });
        Assert.Equal(["16384", "16384.1", "16384.2"], bench.Synced());
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AtCheckpointWaitsForTheNextOneWhateverHappenedMeanwhile(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        BulkWriterOptions options = new() { Durability = BulkDurability.AtCheckpoint, Checkpointer = bench.Checkpointer };
        await bench.WriteAsync(options, inTheMiddle: bench.CheckpointUnseenAsync);
        await ExpectSyncedByTheNextCheckpointAsync(bench);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task ImmediateAsksNobody(string method)
    {
        await using Bench bench = await Bench.StartAsync(method);
        await bench.WriteAsync(new BulkWriterOptions { Durability = BulkDurability.Immediate, Checkpointer = bench.Checkpointer });
        Assert.Equal(["16384", "16384.1", "16384.2"], bench.Synced());
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task NeverSyncsNothingAndAsksForNothing(string method)
    {
        await using Bench bench = await Bench.StartAsync(method, made: Blocks);
        await bench.WriteAsync(new BulkWriterOptions { Durability = BulkDurability.Never, Checkpointer = bench.Checkpointer });
        Assert.Empty(bench.Synced());
        Assert.Equal(0, bench.Rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task WhatGoesPastThePoolIsCounted(string method)
    {
        await using Bench bench = await Bench.StartAsync(method, made: 4);
        IoStatistics before = bench.Pool.ReadStatistics();
        BulkWriterOptions options = new() { Durability = BulkDurability.Immediate };
        await bench.WriteAsync(options);
        IoStatistics after = bench.Pool.ReadStatistics();
        Assert.Equal(Blocks * StorageLimits.PageBytes, Bytes(after, IoAction.Write) + Bytes(after, IoAction.Extend));
        Assert.True(after[IoObject.Relation, IoContext.BulkWrite, IoAction.Extend].Time > TimeSpan.Zero);
        long syncs = after.Count(IoObject.Relation, IoAction.Sync) - before.Count(IoObject.Relation, IoAction.Sync);
        Assert.Equal(3, syncs);

        static long Bytes(IoStatistics statistics, IoAction action) => statistics[IoObject.Relation, IoContext.BulkWrite, action].Bytes;
    }

    [Fact]
    public async Task SpaceThatIsTakenAheadIsCountedAsAnExtension()
    {
        await using Bench bench = await Bench.StartAsync("sync");
        await bench.WriteAsync(new BulkWriterOptions { ExpectedBlocks = Blocks }, preallocates: true);
        IoStatistics statistics = bench.Pool.ReadStatistics();
        Assert.Equal(Blocks * StorageLimits.PageBytes, statistics[IoObject.Relation, IoContext.BulkWrite, IoAction.Write].Bytes);
        Assert.True(statistics[IoObject.Relation, IoContext.BulkWrite, IoAction.Extend].Bytes >= Blocks * StorageLimits.PageBytes);
    }

    // Nothing was synced when the writer was done; all of it was asked for, and the checkpoint does it.
    private static async Task ExpectSyncedByTheNextCheckpointAsync(Bench bench)
    {
        Assert.Empty(bench.Synced());
        Assert.Equal(3, bench.Rig.Storage.SyncRequests.PendingCount);
        await bench.Checkpointer.CheckpointAsync();
        Assert.Equal(["16384", "16384.1", "16384.2"], bench.Synced());
    }

    /// <summary>A relation of three segments when it is written, a checkpointer, and a list of what was synced.</summary>
    private sealed class Bench : IAsyncDisposable
    {
        private readonly List<string> _synced = [];
        private Injection? _watch;
        private Relation? _relation;
        private BufferSession? _session;

        private Bench(string method)
        {
            Rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
            Pool = new BufferPool(Rig.Storage, new BufferPoolOptions { BufferCount = 32 });
            Checkpointer = new Checkpointer(Pool, new CheckpointerOptions { Log = Log });
        }

        internal StorageRig Rig { get; }

        internal BufferPool Pool { get; }

        internal Checkpointer Checkpointer { get; }

        internal TellingLog Log { get; } = new();

        internal static async Task<Bench> StartAsync(string method, uint made = 0)
        {
            Bench bench = new(method);
            bench._relation = await bench.Rig.MakeAsync(blocks: made);
            await bench.Rig.MakeAsync(1, blocks: 1);
            bench._session = bench.Pool.CreateSession();

            // The files that were made are durable, and nothing is asked for.
            await bench.Checkpointer.CheckpointAsync();
            bench._watch = bench.Rig.Control.Delay(request =>
            {
                if (request.Operation != IoOperation.Fdatasync) return false;
                lock (bench._synced) bench._synced.Add(Path.GetFileName(request.File.Path));
                return false;
            });
            return bench;
        }

        internal async Task WriteAsync(BulkWriterOptions options, Func<Task>? inTheMiddle = null, bool preallocates = false)
        {
            await using BulkWriter writer = new(_relation!, RelationFork.Main, options with { PagesMax = 8, Preallocates = preallocates });
            for (uint block = 0; block < Blocks; block++)
            {
                BulkPage page = await writer.RentAsync();
                Support.Pages.Fill(page.Page, _relation!.Id.Number, block);
                await writer.WriteAsync(block, page);
                if (block == Blocks / 2 && inTheMiddle is not null) await inTheMiddle();
            }

            await writer.CompleteAsync();
        }

        /// <summary>Makes something that a checkpoint has to write.</summary>
        internal async Task DirtyAsync()
        {
            using BufferPin pin = await _session!.ReadAsync(Rig.Relation(1), RelationFork.Main, 0);
            await pin.LockAsync(ContentLockMode.Exclusive);
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        }

        internal string[] Synced()
        {
            lock (_synced) return [.. _synced.Where(static name => name != "1").Order(StringComparer.Ordinal)];
        }

        internal async Task CheckpointUnseenAsync()
        {
            await Checkpointer.CheckpointAsync();
            ForgetSynced();
        }

        internal void ForgetSynced()
        {
            lock (_synced) _synced.Clear();
        }

        public async ValueTask DisposeAsync()
        {
            _watch?.Dispose();
            await Checkpointer.DisposeAsync();
            if (_session is not null) await _session.DisposeAsync();
            Pool.Dispose();
            Rig.Dispose();
        }
    }

    /// <summary>Tells when a checkpoint has asked where recovery would begin, which is where it counts as started.</summary>
    private sealed class TellingLog : ICheckpointLog
    {
        internal Action? WhenBegun { get; set; }

        public LogPosition InsertedUpTo => default;

        public ValueTask<LogPosition> BeginCheckpointAsync(CancellationToken cancellationToken = default)
        {
            WhenBegun?.Invoke();
            return default;
        }

        public ValueTask CompleteCheckpointAsync(LogPosition redo, CancellationToken cancellationToken = default) => default;
    }
}
