using System.Diagnostics.Metrics;
using Sluice.Storage.Tests.Buffers.Support;

namespace Sluice.Storage.Tests.Buffers;

/// <summary>What can be asked about a pool, and what that says.</summary>
public sealed class PoolViewTests
{
    [Fact]
    public void TheViewsAgreeWithWhatWasDone()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(16);
        PoolRig.Scan(session, relation, 16);
        WriteBuffersTests.Change(session, relation, 3, 1);
        using BufferPin pin = session.Read(relation, RelationFork.Main, 5);

        BufferSummary summary = rig.Pool.Summarize();
        Assert.Equal((16, 48, 1, 1), (summary.Used, summary.Unused, summary.Dirty, summary.Pinned));
        Assert.Equal(18.0 / 16, summary.AverageUsage);

        IReadOnlyList<BufferUsageRow> usage = rig.Pool.CountUsage();
        Assert.Equal(Enumerable.Range(0, 6), usage.Select(static row => row.UsageCount));
        Assert.Equal([48, 14, 2, 0, 0, 0], usage.Select(static row => row.Buffers));
        Assert.Equal(1, usage[2].Dirty);
        Assert.Equal(1, usage[2].Pinned);

        BufferInfo row = Assert.Single(rig.Pool.Snapshot(), static row => row.IsDirty);
        Assert.Equal(new PageTag(relation.Id, RelationFork.Main, 3), row.Tag);
        Assert.True(row is { HasPage: true, IsValid: true, IsIoInProgress: false, UsageCount: 2, PinCount: 0 });
        Assert.Equal(1, rig.Pool.Inspect(pin.BufferIndex).PinCount);

        IoStatistics statistics = rig.Pool.ReadStatistics();
        Assert.Equal(2, statistics[IoObject.Relation, IoContext.Normal, IoAction.Read].Count);
        Assert.Equal(16L * StorageLimits.PageBytes, statistics[IoObject.Relation, IoContext.Normal, IoAction.Read].Bytes);
        Assert.Equal(2, statistics[IoObject.Relation, IoContext.Normal, IoAction.Hit].Count);
        Assert.Equal(0, statistics.Count(IoObject.Relation, IoAction.Evict));
        Assert.Equal(2, statistics.Rows.Count());
        ClockPosition clock = rig.Pool.ReadClock();
        Assert.Equal(16, clock.Allocations);
        Assert.Equal(64, clock.BufferCount);
    }

    [Fact]
    public void WhatASessionCountedOutlivesIt()
    {
        using PoolRig rig = new("sync");
        Relation relation = rig.Make(8);
        using (BufferSession session = rig.Pool.CreateSession()) PoolRig.Scan(session, relation, 8);
        Assert.Equal(1, rig.Pool.ReadStatistics().Count(IoObject.Relation, IoAction.Read));
        Assert.Equal(8, rig.Pool.ReadClock().Allocations);
    }

    [Fact]
    public void TheNumbersAreMetricsToo()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64 });
        BufferSession session = rig.Session();
        Relation relation = rig.Make(8);
        PoolRig.Scan(session, relation, 8);
        Dictionary<string, long> sums = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Sluice.Storage") listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string name = instrument.Name;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == "state") name += $".{tag.Value}";
            }

            sums[name] = sums.GetValueOrDefault(name) + value;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(1, sums["sluice.storage.reads"]);
        Assert.Equal(8L * StorageLimits.PageBytes, sums["sluice.storage.read.bytes"]);
        Assert.Equal(8, sums["sluice.storage.buffers.used"]);
        Assert.Equal(56, sums["sluice.storage.buffers.unused"]);
    }

    [Fact]
    public void TheShareOfPinsShrinksAsSessionsCome()
    {
        using PoolRig rig = new("sync", new BufferPoolOptions { BufferCount = 64 });
        BufferSession first = rig.Session();
        Assert.Equal(48, first.PinsAllowed);
        BufferSession second = rig.Session();
        Assert.Equal(24, first.PinsAllowed);
        Relation relation = rig.Make(8);
        using BufferPin pin = first.Read(relation, RelationFork.Main, 0);
        Assert.Equal((23, 24), (first.PinsAllowed, second.PinsAllowed));
    }

    [Fact]
    public void MistakesInTheOptionsAreNamed()
    {
        BufferPoolOptions options = new() { BufferCount = 3, CombineMax = 0, EvictionDepth = 100, LogFlusher = null! };
        Assert.Equal(4, options.Validate().Count);
        Assert.All(options.Validate(), static line => Assert.Contains("give", line, StringComparison.Ordinal));
    }

    [Fact]
    public void TheSizesOfTheStateWordFitTogether()
    {
        Assert.Equal(64, System.Runtime.CompilerServices.Unsafe.SizeOf<BufferDescriptor>());
        ulong[] parts =
        [
            BufferState.PinMask, BufferState.UsageMask, BufferState.HeaderLocked, BufferState.Valid, BufferState.Dirty, BufferState.JustDirtied, BufferState.TagValid, BufferState.IoInProgress,
            BufferState.IoError, BufferState.CheckpointNeeded, BufferState.Permanent, BufferState.LockWaiters, BufferState.IoWaiters, BufferState.UnpinWaiters, BufferState.ShareMask,
            BufferState.ShareExclusive, BufferState.Exclusive,
        ];
        ulong seen = 0;
        foreach (ulong part in parts)
        {
            Assert.Equal(0UL, seen & part);
            seen |= part;
        }
    }
}
