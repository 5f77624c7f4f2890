namespace Sluice.TempFiles;

/// <summary>
/// Joins two sides by equal keys within a budget of memory, however large they are: all records of the build side come first, then
/// those of the probe side. What does not fit goes to temporary files, cut into partitions by hash, and is joined partition by
/// partition at the end.
/// </summary>
/// <remarks>
/// <para>A hybrid hash join. As long as the build side fits, nothing is written. When it does not, the hashes are dealt out to a number
/// of leaves; leaves leave memory, a quarter of those that stay at a time, until the rest has room. Their probe records follow them to
/// the file. Probe records whose leaf has no build records are done with at once.</para>
/// <para>Each partition is then a join of its own, by the bits of the hash that were not used yet: the number of its parts doubles
/// until one fits, which is known, because the partition has been counted. Partitions are read in the order in which they were made, so
/// what comes next is always known and on its way.</para>
/// <para>A partition that does not fit and that no bit divides, or that the cut before left nearly as large as it was, is joined block
/// by block: a table of as many records of one side as fit, against all of the other, as often as it takes.</para>
/// <para>Belongs to the flow that uses its context, and blocks for I/O. After an exception, its own or one of the user's code,
/// everything is removed and only <see cref="Dispose"/> may be called. User code that is called by it may dispose it: that is done when
/// the call under way returns. Allocates nothing per record.</para>
/// </remarks>
/// <typeparam name="TBuild">The records of the build side: the smaller one, if that is known.</typeparam>
/// <typeparam name="TProbe">The records of the probe side.</typeparam>
public sealed unsafe partial class HashJoin<TBuild, TProbe> : IDisposable
    where TBuild : allows ref struct
    where TProbe : allows ref struct
{
    private readonly ITempCodec<TBuild> _buildCodec;
    private readonly ITempCodec<TProbe> _probeCodec;
    private readonly IJoinKeys<TBuild, TProbe> _keys;
    private readonly IJoinConsumer<TBuild, TProbe> _consumer;
    private readonly SpillSpace _space;
    private readonly RecordTable _table;
    private readonly Queue<JoinPart> _parts = new();
    private readonly bool _keepsBuild;
    private readonly bool _keepsProbe;
    private Phase _phase;
    private bool _isInside;
    private bool _endsWhenLeft;

    // The pass at hand: by which bits it cuts, into how many leaves, and how many of them are in memory.
    private int _usedBits;
    private int _fanOut = 1;
    private int _resident = 1;
    private int _level;
    private long _passBytes;
    private SpillPartition[] _build = [];
    private SpillPartition[] _probe = [];

    /// <summary>Makes a join.</summary>
    /// <param name="context">Through which it does I/O.</param>
    /// <param name="owner">To whom its temporary files are accounted.</param>
    /// <param name="kind">Which records it gives.</param>
    /// <param name="buildCodec">Turns build records into bytes and back.</param>
    /// <param name="probeCodec">Turns probe records into bytes and back.</param>
    /// <param name="keys">By what records belong together.</param>
    /// <param name="consumer">Takes what the join gives.</param>
    /// <param name="options">How much memory; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public HashJoin(
        AioContext context,
        TempOwner owner,
        JoinKind kind,
        ITempCodec<TBuild> buildCodec,
        ITempCodec<TProbe> probeCodec,
        IJoinKeys<TBuild, TProbe> keys,
        IJoinConsumer<TBuild, TProbe> consumer,
        HashSpillOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(buildCodec);
        ArgumentNullException.ThrowIfNull(probeCodec);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(consumer);
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of join.");
        options ??= new HashSpillOptions();
        Kind = kind;
        _buildCodec = buildCodec;
        _probeCodec = probeCodec;
        _keys = keys;
        _consumer = consumer;
        _keepsBuild = kind is JoinKind.Right or JoinKind.Full;
        _keepsProbe = kind is JoinKind.Left or JoinKind.Full or JoinKind.Anti;
        _space = new SpillSpace(context, owner, SpillPlan.For(options.MemoryBytes, options.BlockBytes), fixedBytes: 0, cancellationToken);
        _table = _space.Table;
    }

    private enum Phase
    {
        Building,
        Probing,
        Finished,
        Ended,
    }

    /// <summary>Which records it gives.</summary>
    public JoinKind Kind { get; }

    /// <summary>What it has done so far.</summary>
    public HashSpillStatistics Statistics => _space.Statistics;

    /// <summary>Adds a record to the build side. Before the first probe.</summary>
    /// <param name="build">The record.</param>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void AddBuild(in TBuild build)
    {
        if (_phase != Phase.Building) RefusePhase("The build side is complete once the first probe record has come");
        Enter();
        try
        {
            ulong hash = HashBits.Mix(_keys.HashBuild(build));
            Insert(hash, _space.Scratch.Encode(_buildCodec, build));
            _space.Tick();
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Joins a record of the probe side, at once or later.</summary>
    /// <param name="probe">The record.</param>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void Probe(in TProbe probe)
    {
        if (_phase > Phase.Probing) RefusePhase("The join is finished");
        Enter();
        try
        {
            if (_phase == Phase.Building) EndBuild();
            _phase = Phase.Probing;
            ulong hash = HashBits.Mix(_keys.HashProbe(probe));
            int leaf = LeafOf(hash);
            if (leaf < _resident) Match(hash, probe);
            else if (_build[leaf].RecordCount == 0) Unmatched(probe);
            else _space.Writer.Append(_probe[leaf], hash, _space.Scratch.Encode(_probeCodec, probe));
            _space.Tick();
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Joins what went to temporary files, and removes them.</summary>
    /// <exception cref="AioException">A read or write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void Finish()
    {
        if (_phase > Phase.Probing) RefusePhase("The join is finished");
        Enter();
        try
        {
            if (_phase == Phase.Building) EndBuild();
            EndPass();
            while (_parts.TryDequeue(out JoinPart? part)) Run(part);
            End();
            _phase = Phase.Finished;
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits for I/O on its way, removes the files and frees the memory. What was not finished is given up.</summary>
    public void Dispose()
    {
        if (_isInside) _endsWhenLeft = true;
        else End();
    }

    private void Enter()
    {
        if (_isInside) throw new InvalidOperationException("The join is used by code that it calls: that may only dispose it.");
        _isInside = true;
    }

    private void Leave()
    {
        _isInside = false;
        if (_endsWhenLeft) End();
    }

    private int LeafOf(ulong hash) => (int)(hash >> _usedBits) & (_fanOut - 1);

    private void End()
    {
        _phase = Phase.Ended;
        _space.Dispose();
    }

    private void RefusePhase(string reason)
    {
        ObjectDisposedException.ThrowIf(_phase == Phase.Ended, this);
        throw new InvalidOperationException($"{reason}: no more records can be added.");
    }

    private void Insert(ulong hash, ReadOnlySpan<byte> record)
    {
        _passBytes += record.Length;
        while (true)
        {
            int leaf = LeafOf(hash);
            if (leaf >= _resident)
            {
                _space.Writer.Append(_build[leaf], hash, record);
                return;
            }

            if (_table.TryAdd(hash, record) != null) return;
            MakeRoom();
        }
    }

    // At least one leaf leaves memory.
    private void MakeRoom()
    {
        if (_fanOut == 1) Cut(_space.Plan.FanOutMax, residentLeaves: _space.Plan.FanOutMax);
        _resident -= Math.Max(1, _resident / 4);
        Eviction eviction = new(this);
        _table.Compact(ref eviction);
    }

    private void Cut(int fanOut, int residentLeaves)
    {
        _fanOut = fanOut;
        _resident = residentLeaves;
        _build = new SpillPartition[fanOut];
        _probe = new SpillPartition[fanOut];
        for (int leaf = 0; leaf < fanOut; leaf++)
        {
            _build[leaf] = new SpillPartition();
            _probe[leaf] = new SpillPartition();
        }

        _space.LevelsMax = Math.Max(_space.LevelsMax, _level + 1);
    }

    private void EndBuild()
    {
        for (int leaf = _resident; leaf < _build.Length; leaf++) _space.Writer.Finish(_build[leaf]);
    }

    private void Match(ulong hash, in TProbe probe)
    {
        bool isFound = false;
        for (byte* entry = _table.First(hash); entry != null; entry = RecordTable.Next(entry, hash))
        {
            TBuild build = _buildCodec.Decode(_table.RecordOf(entry));
            if (!_keys.AreEqual(build, probe)) continue;
            isFound = true;
            if (Kind is JoinKind.Semi or JoinKind.Anti) break;
            if (_keepsBuild) RecordTable.SetMatched(entry);
            _consumer.Pair(build, probe);
        }

        if (!isFound) Unmatched(probe);
        else if (Kind == JoinKind.Semi) _consumer.Probe(probe);
    }

    private void Unmatched(in TProbe probe)
    {
        if (_keepsProbe) _consumer.Probe(probe);
    }

    private void GiveUnmatchedBuild()
    {
        TableCursor cursor = _table.Entries();
        while (_table.MoveNext(ref cursor))
        {
            if (!RecordTable.IsMatched(cursor.Entry)) _consumer.Build(_buildCodec.Decode(_table.RecordOf(cursor.Entry)));
        }
    }

    /// <summary>The table is done with; what went to the file is lined up.</summary>
    private void EndPass()
    {
        if (_keepsBuild) GiveUnmatchedBuild();
        _table.Clear();
        if (_fanOut == 1) return;
        SpillWriter writer = _space.Writer;
        for (int leaf = _resident; leaf < _fanOut; leaf++) writer.Finish(_probe[leaf]);
        writer.WaitForAll();
        int bits = System.Numerics.BitOperations.Log2((uint)_fanOut);
        for (int leaf = _resident; leaf < _fanOut; leaf++) LineUp(new JoinPart(_build[leaf], _probe[leaf], _usedBits + bits, _level + 1));
        _fanOut = 1;
        _build = [];
        _probe = [];
    }

    private readonly struct Eviction(HashJoin<TBuild, TProbe> join) : ITableFilter
    {
        public bool Keep(RecordTable table, byte* entry)
        {
            ulong hash = RecordTable.HashOf(entry);
            int leaf = join.LeafOf(hash);
            if (leaf < join._resident) return true;
            join._space.Writer.Append(join._build[leaf], hash, table.RecordOf(entry));
            return false;
        }
    }
}
