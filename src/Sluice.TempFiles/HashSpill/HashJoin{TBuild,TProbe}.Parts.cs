namespace Sluice.TempFiles;

/// <content>What is joined from the file, part by part.</content>
public sealed unsafe partial class HashJoin<TBuild, TProbe>
{
    private void LineUp(JoinPart part)
    {
        if (part.Build.RecordCount == 0) return;
        if (part.Probe.RecordCount == 0 && !_keepsBuild)
        {
            _space.Writer.Drop(part.Build);
            return;
        }

        // A cut that takes away less than an eighth does so because of a few keys, and the next will do no better.
        bool fits = _table.Estimate(part.Build.RecordCount, part.Build.RecordBytes) <= _space.TableBytes;
        bool wasDivided = part.Build.RecordBytes < _passBytes - (_passBytes / 8);
        part.IsIndivisible = !fits && !(wasDivided && HashBits.CanCut(part.Build.DifferingBits, part.UsedBits));
        _parts.Enqueue(part);
        if (part.IsIndivisible && part.Probe.RecordCount != 0) return;
        _space.Reader.Add(part.Build);
        _space.Reader.Add(part.Probe);
    }

    private void Run(JoinPart part)
    {
        _space.Partitions++;
        _level = part.Level;
        if (part.Probe.RecordCount == 0) GiveBuild(part);
        else if (part.IsIndivisible) JoinByBlocks(part);
        else JoinPartition(part);
    }

    // The pass of before once more, from the file.
    private void JoinPartition(JoinPart part)
    {
        SpillReader reader = _space.Reader;
        _usedBits = part.UsedBits;
        _passBytes = 0;
        _fanOut = 1;
        _resident = 1;
        long estimate = _table.Estimate(part.Build.RecordCount, part.Build.RecordBytes);
        int fanOut = _space.Plan.FanOutFor(estimate, _space.TableBytes);
        if (fanOut > 1) Cut(fanOut, (int)(fanOut * (_space.TableBytes / (double)estimate)));
        reader.Open(part.Build);
        while (reader.TryRead(out ulong hash, out ReadOnlySpan<byte> record))
        {
            Insert(hash, record);
            _space.Tick();
        }

        EndBuild();
        reader.Open(part.Probe);
        while (reader.TryRead(out ulong hash, out ReadOnlySpan<byte> record))
        {
            int leaf = LeafOf(hash);
            if (leaf < _resident) Match(hash, _probeCodec.Decode(record));
            else if (_build[leaf].RecordCount != 0) _space.Writer.Append(_probe[leaf], hash, record);
            else if (_keepsProbe) _consumer.Probe(_probeCodec.Decode(record));
            _space.Tick();
        }

        EndPass();
    }

    // Nothing of the probe side came here: all of the build side is without a match.
    private void GiveBuild(JoinPart part)
    {
        SpillReader reader = _space.Reader;
        reader.Open(part.Build);
        while (reader.TryRead(out _, out ReadOnlySpan<byte> record))
        {
            _consumer.Build(_buildCodec.Decode(record));
            _space.Tick();
        }
    }

    private void JoinByBlocks(JoinPart part)
    {
        _space.Fallbacks++;
        bool isProbeSmaller = part.Probe.RecordBytes < part.Build.RecordBytes;
        if (_keepsBuild || (Kind == JoinKind.Inner && !isProbeSmaller)) JoinBlocksOfBuild(part);
        if (Kind is JoinKind.Left or JoinKind.Semi or JoinKind.Anti || (Kind == JoinKind.Inner && isProbeSmaller))
        {
            JoinBlocksOfProbe(part, Kind);
        }

        // Which probe records of a full join have no match can be said only when all of the build side was seen beside them.
        if (Kind == JoinKind.Full) JoinBlocksOfProbe(part, JoinKind.Anti);
        _space.Writer.Drop(part.Build);
        _space.Writer.Drop(part.Probe);
    }

    private void JoinBlocksOfBuild(JoinPart part)
    {
        SpillReader outer = OpenOuter(part.Build);
        try
        {
            bool isMore = outer.TryRead(out ulong hash, out ReadOnlySpan<byte> record);
            while (isMore)
            {
                isMore = FillTable(outer, ref hash, ref record);
                SpillReader inner = _space.OpenAgain(part.Probe, _space.Plan.ReadBlocks);
                try
                {
                    while (inner.TryRead(out ulong probeHash, out ReadOnlySpan<byte> probe))
                    {
                        MatchInner(probeHash, _probeCodec.Decode(probe));
                        _space.Tick();
                    }
                }
                finally
                {
                    _space.Close(inner);
                }

                if (_keepsBuild) GiveUnmatchedBuild();
                _table.Clear();
            }
        }
        finally
        {
            _space.Close(outer);
        }
    }

    private void MatchInner(ulong hash, in TProbe probe)
    {
        for (byte* entry = _table.First(hash); entry != null; entry = RecordTable.Next(entry, hash))
        {
            TBuild build = _buildCodec.Decode(_table.RecordOf(entry));
            if (!_keys.AreEqual(build, probe)) continue;
            if (_keepsBuild) RecordTable.SetMatched(entry);
            _consumer.Pair(build, probe);
        }
    }

    private void JoinBlocksOfProbe(JoinPart part, JoinKind kind)
    {
        SpillReader outer = OpenOuter(part.Probe);
        try
        {
            bool isMore = outer.TryRead(out ulong hash, out ReadOnlySpan<byte> record);
            while (isMore)
            {
                isMore = FillTable(outer, ref hash, ref record);
                SpillReader inner = _space.OpenAgain(part.Build, _space.Plan.ReadBlocks);
                try
                {
                    while (inner.TryRead(out ulong buildHash, out ReadOnlySpan<byte> build))
                    {
                        MatchProbes(buildHash, _buildCodec.Decode(build), kind);
                        _space.Tick();
                    }
                }
                finally
                {
                    _space.Close(inner);
                }

                if (kind is JoinKind.Left or JoinKind.Anti) GiveUnmatchedProbes();
                _table.Clear();
            }
        }
        finally
        {
            _space.Close(outer);
        }
    }

    private void MatchProbes(ulong hash, in TBuild build, JoinKind kind)
    {
        for (byte* entry = _table.First(hash); entry != null; entry = RecordTable.Next(entry, hash))
        {
            bool isOnce = kind is JoinKind.Semi or JoinKind.Anti;
            if (isOnce && RecordTable.IsMatched(entry)) continue;
            TProbe probe = _probeCodec.Decode(_table.RecordOf(entry));
            if (!_keys.AreEqual(build, probe)) continue;
            RecordTable.SetMatched(entry);
            if (!isOnce) _consumer.Pair(build, probe);
            else if (kind == JoinKind.Semi) _consumer.Probe(probe);
        }
    }

    private void GiveUnmatchedProbes()
    {
        TableCursor cursor = _table.Entries();
        while (_table.MoveNext(ref cursor))
        {
            if (!RecordTable.IsMatched(cursor.Entry)) _consumer.Probe(_probeCodec.Decode(_table.RecordOf(cursor.Entry)));
        }
    }

    // The blocks that the partitions of a cut would have are free now, and are more than these two readers take.
    private SpillReader OpenOuter(SpillPartition partition) => _space.OpenAgain(partition, Math.Max(1, _space.Plan.FanOutMax / 2));

    // As many records as fit, one at least. What did not fit is the first of the next block.
    private bool FillTable(SpillReader outer, ref ulong hash, ref ReadOnlySpan<byte> record)
    {
        while (_table.TryAdd(hash, record, isForced: _table.Count == 0) != null)
        {
            if (!outer.TryRead(out hash, out record)) return false;
            _space.Tick();
        }

        return true;
    }
}
