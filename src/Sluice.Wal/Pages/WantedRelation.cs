namespace Sluice.Wal;

/// <summary>One fork of a relation that replay changes: how its pages are read ahead, and how it gets as long as its records say. One flow.</summary>
internal sealed class WantedRelation : IDisposable
{
    private const int ExtendBlocks = 16;

    private readonly BufferSession _session;
    private readonly RelationFork _fork;
    private readonly BufferPin[] _extended = new BufferPin[ExtendBlocks];
    private readonly ReadStreamOptions _options;
    private QueueSource? _source;
    private ReadStream? _stream;

    internal WantedRelation(BufferSession session, Relation relation, RelationFork fork, int reads)
    {
        _session = session;
        Relation = relation;
        _fork = fork;
        _options = new ReadStreamOptions { IosMax = Math.Max(1, reads), IsFull = true };
    }

    internal Relation Relation { get; }

    /// <summary>Pages that were asked for and not handed out yet.</summary>
    internal int OutstandingCount { get; private set; }

    internal bool HasStream => _stream is not null;

    /// <summary>What its stream did, and those before it.</summary>
    internal long BlocksRead { get; private set; }

    public void Dispose()
    {
        if (_stream is null) return;
        BlocksRead += _stream.Statistics.IoBlocks;
        _stream.Dispose();
        _stream = null;
        _source = null;
        OutstandingCount = 0;
    }

    /// <summary>Makes the fork if it is not there: its name was not durable when the power failed, or the relation was dropped since.</summary>
    internal async ValueTask EnsureExistsAsync()
    {
        if (!await Relation.ExistsAsync(_fork)) await Relation.CreateAsync(_fork);
    }

    /// <summary>How long it is now; 0 when it is not there.</summary>
    internal async ValueTask<uint> CountBlocksAsync() => await Relation.ExistsAsync(_fork) ? await Relation.GetBlockCountAsync(_fork) : 0;

    /// <summary>Asks for a page, which is below the fork's end. Begins no read: see <see cref="ReadAheadAsync"/>.</summary>
    internal void Ask(uint block)
    {
        _source ??= new QueueSource();
        _stream ??= new ReadStream(_session, Relation, _fork, _source, _options);
        _source.Blocks.Enqueue(block);
        OutstandingCount++;
        _stream.Resume();
    }

    /// <summary>Begins to read what was asked for, as far as the stream looks ahead.</summary>
    internal ValueTask ReadAheadAsync() => _source is { Blocks.Count: > 0 } ? _stream!.ReadAheadAsync() : ValueTask.CompletedTask;

    /// <summary>The page that was asked for longest ago.</summary>
    internal ValueTask<BufferPin> TakeAsync()
    {
        OutstandingCount--;
        return _stream!.NextAsync();
    }

    /// <summary>Makes the fork long enough for a block.</summary>
    internal async ValueTask ExtendToAsync(uint block)
    {
        await EnsureExistsAsync();
        while (true)
        {
            uint count = await Relation.GetBlockCountAsync(_fork);
            if (count > block) return;

            // The file had not got that long when the power failed.
            int more = (int)Math.Min(Math.Min((uint)ExtendBlocks, block - count + 1), (uint)Math.Max(1, _session.PinsAllowed / 2));
            await _session.ExtendAsync(Relation, _fork, _extended, 0, more);
            for (int place = 0; place < more; place++)
            {
                _extended[place].Unlock(ContentLockMode.Exclusive);
                _extended[place].Release();
            }
        }
    }

    private sealed class QueueSource : BlockSource
    {
        internal Queue<uint> Blocks { get; } = [];

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (Blocks.TryDequeue(out uint block)) return block;
            stream.Pause();
            return BlockNumbers.Invalid;
        }
    }
}
