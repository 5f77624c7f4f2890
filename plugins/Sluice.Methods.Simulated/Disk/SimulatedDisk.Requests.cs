namespace Sluice.Methods.Simulated;

/// <summary>What the disk does with a request.</summary>
public sealed unsafe partial class SimulatedDisk
{
    private const int AgainMaximum = 16;
    private const long AgainNanoseconds = 10_000;

    /// <summary>The answer to everything that a dead system still has or asks: nobody can know whether it took effect.</summary>
    internal static IoOutcome Dead { get; } = new(-Errno.EIO, IoOutcomeDetail.Unknown);

    /// <summary>How long a request takes, on whatever kind of file. Under the gate.</summary>
    internal long Schedule(IoRequest request)
    {
        IoOperation operation = request.Operation;
        long nanoseconds = operation switch
        {
            IoOperation.Read => _times.Read,
            IoOperation.Write =>
                request.Has(IoRequestFlags.WriteThrough) || request.Has(IoRequestFlags.FlushAfter)
                    ? _times.Write + _times.Flush
                    : _times.Write,
            _ => _times.Flush,
        };
        if (_times.Jitter != 0) nanoseconds += _scheduling.Next(_times.Jitter);
        if (!_dice.IsEmpty) nanoseconds += Delay(request, request.File.Path);
        return nanoseconds;
    }

    /// <summary>Does a request. Under the gate.</summary>
    /// <param name="request">The request.</param>
    /// <param name="file">Its file.</param>
    /// <param name="flushSequence">What a flush covers: the sequence of the file when the request was submitted.</param>
    /// <param name="isInPlace">Whether it is executed by its issuer, and no context knows of it when the disk crashes.</param>
    internal IoOutcome Perform(IoRequest request, SimulatedFile file, long flushSequence, bool isInPlace)
    {
        if (file.Epoch != CrashCount) return Dead;
        if (IsCrashDue(request, file))
        {
            if (isInPlace) PerformInDoubt(request, file);
            CrashNow(_crashPlan!.Kind);
            return Dead;
        }

        OperationCount++;
        IoOutcome outcome = _dice.IsEmpty
            ? Execute(request, file, flushSequence, request.LengthBytes)
            : PerformWithFaults(request, file, flushSequence);
        Trace.Add(new TraceRecord(
            Time.NowNanoseconds,
            OperationOf(request.Operation),
            file.TraceNumber,
            request.OffsetBytes,
            request.LengthBytes,
            outcome.Result,
            request.Flags));
        return outcome;
    }

    /// <summary>Does part of a write that was in flight when the crash came.</summary>
    internal void PerformInDoubt(IoRequest request, SimulatedFile file)
    {
        if (request.Operation != IoOperation.Write || file.Epoch != CrashCount) return;
        long sectors = (request.LengthBytes + SectorBytes - 1) / SectorBytes;
        long chosen = _crashes.Next(sectors + 1);
        if (chosen == 0) return;

        // Some run of its sectors, in no order that anybody promised.
        long first = _crashes.Next(sectors - chosen + 1) * SectorBytes;
        long end = Math.Min(request.LengthBytes, first + (chosen * SectorBytes));
        Transfer(request, file, first, end - first, isDurable: false);
    }

    private static TraceOperation OperationOf(IoOperation operation) => (TraceOperation)(operation - IoOperation.Read);

    private long Delay(IoRequest request, string path)
    {
        long added = 0;
        int position = 0;
        while (_dice.Next(
            true, request.Operation, false, path, request.OffsetBytes, request.LengthBytes, Time.NowNanoseconds, ref position) is { } rule)
        {
            CountFault(rule, path);
            FaultRule what = rule.What;
            long least = SimulatedTime.ToNanoseconds(what.LatencyMinimum);
            long most = Math.Max(SimulatedTime.ToNanoseconds(what.LatencyMaximum), least);
            added += what.Kind switch
            {
                FaultKind.Stall => most,
                FaultKind.Again => AgainNanoseconds * (1 + rule.Random.Next(AgainMaximum)),
                _ => least + Draw(rule, most - least + 1),
            };
        }

        return added;
    }

    // Whole numbers only: the same on every machine.
    private static long Draw(FaultDice.Rule rule, long count)
    {
        if (rule.What.Distribution == LatencyDistribution.LongTail)
        {
            count = Math.Max(1, count >> rule.Random.Next((int)long.Log2(count) + 1));
        }

        return rule.Random.Next(count);
    }

    private IoOutcome PerformWithFaults(IoRequest request, SimulatedFile file, long flushSequence)
    {
        bool flushes = request.Operation is IoOperation.Fsync or IoOperation.Fdatasync || IsDurableWrite(request, file);
        long length = request.LengthBytes;
        int position = 0;
        while (_dice.Next(
            false, request.Operation, flushes, file.Path, request.OffsetBytes, length, Time.NowNanoseconds, ref position) is { } rule)
        {
            switch (rule.What.Kind)
            {
                case FaultKind.TransientError:
                    CountFault(rule, file.Path);
                    return new IoOutcome(-Errno.EIO);
                case FaultKind.NoSpace:
                    CountFault(rule, file.Path);
                    return new IoOutcome(-Errno.ENOSPC);
                case FaultKind.ShortRead or FaultKind.ShortWrite:
                    length = Shorten(rule, file, length);
                    break;
                case FaultKind.FlushFailure:
                    CountFault(rule, file.Path);
                    return FailFlush(request, file, flushSequence, length);
                default:
                    if (TryDamage(rule, request, file) is { } outcome) return outcome;
                    break;
            }
        }

        return Execute(request, file, flushSequence, length);
    }

    private long Shorten(FaultDice.Rule rule, SimulatedFile file, long length)
    {
        long unit = file.Capabilities.OffsetAlignmentBytes;
        long units = (length - 1) / unit;
        if (units < 1) return length;
        CountFault(rule, file.Path);
        return (1 + rule.Random.Next(units)) * unit;
    }

    private IoOutcome FailFlush(IoRequest request, SimulatedFile file, long flushSequence, long length)
    {
        if (request.Operation != IoOperation.Write)
        {
            file.Inode.FailFlush(flushSequence, _flushes);
            return new IoOutcome(-Errno.EIO);
        }

        long done = Transfer(request, file, 0, length, isDurable: false);
        if (done < request.LengthBytes && request.Has(IoRequestFlags.FlushAfter)) return new IoOutcome((int)done);
        file.Inode.FailFlush(file.Inode.Sequence, _flushes);
        return new IoOutcome(-Errno.EIO, request.Has(IoRequestFlags.FlushAfter) ? IoOutcomeDetail.FlushFailed : IoOutcomeDetail.None);
    }

    private IoOutcome? TryDamage(FaultDice.Rule rule, IoRequest request, SimulatedFile file)
    {
        long sectors = (request.LengthBytes + SectorBytes - 1) / SectorBytes;
        long sector = (request.OffsetBytes / SectorBytes) + rule.Random.Next(sectors);
        if (sector * SectorBytes >= Math.Max(file.Inode.LengthBytes, 1) && rule.What.Kind is FaultKind.BadSector or FaultKind.BitRot)
        {
            return null;
        }

        if (!MayDamage(rule, request, file, sector, out long shift)) return null;
        CountFault(rule, file.Path);
        switch (rule.What.Kind)
        {
            case FaultKind.BadSector:
                file.Inode.BadSectors.Add(sector);
                return null;
            case FaultKind.BitRot:
                file.Inode.FlipBit((sector * SectorBytes) + rule.Random.Next(SectorBytes), rule.Random.Next(8));
                return null;
            case FaultKind.MisdirectedWrite:
                Transfer(request, file, 0, request.LengthBytes, IsDurableWrite(request, file), shift);
                return new IoOutcome((int)request.LengthBytes);
            default:
                return new IoOutcome((int)request.LengthBytes);
        }
    }

    private bool MayDamage(FaultDice.Rule rule, IoRequest request, SimulatedFile file, long sector, out long shift)
    {
        shift = 0;
        if (rule.What.Kind is FaultKind.BadSector or FaultKind.BitRot) return _dice.TryDamage(file.Path, sector);
        long first = request.OffsetBytes / SectorBytes;
        long count = (request.OffsetBytes + request.LengthBytes - 1) / SectorBytes - first + 1;
        if (rule.What.Kind == FaultKind.MisdirectedWrite)
        {
            // Somewhere within the file, so that the victim is data of the same program.
            long places = (file.Inode.LengthBytes - request.LengthBytes) / SectorBytes;
            if (places < 1) return false;
            shift = (rule.Random.Next(places) * SectorBytes) - (first * SectorBytes);
            if (shift == 0 || request.OffsetBytes + shift < 0) return false;
            for (long index = 0; index < count; index++)
            {
                if (!_dice.TryDamage(file.Path, first + (shift / SectorBytes) + index)) return false;
            }
        }

        for (long index = 0; index < count; index++)
        {
            if (!_dice.TryDamage(file.Path, first + index)) return false;
        }

        return true;
    }

    private static bool IsDurableWrite(IoRequest request, SimulatedFile file) =>
        request.Operation == IoOperation.Write
        && (request.Has(IoRequestFlags.WriteThrough) || request.Has(IoRequestFlags.FlushAfter) || file.Capabilities.IsDurableOnCompletion);

    private IoOutcome Execute(IoRequest request, SimulatedFile file, long flushSequence, long length)
    {
        switch (request.Operation)
        {
            case IoOperation.Read:
                return Read(request, file, length);
            case IoOperation.Write:
                return Write(request, file, flushSequence, length);
            case IoOperation.Fsync or IoOperation.Fdatasync:
                file.Inode.Flush(flushSequence);
                return default;
            case IoOperation.Allocate:
                if ((file.Access & IoAccess.Write) == 0) return new IoOutcome(-Errno.EBADF);
                return file.Inode.TryAllocate(request.OffsetBytes, request.LengthBytes) ? default : new IoOutcome(-Errno.ENOSPC);
            default:
                return default;
        }
    }

    private IoOutcome Read(IoRequest request, SimulatedFile file, long length)
    {
        if ((file.Access & IoAccess.Read) == 0) return new IoOutcome(-Errno.EBADF);
        if (!IsAligned(request, file)) return new IoOutcome(-Errno.EINVAL);
        Inode inode = file.Inode;
        long available = Math.Max(0, Math.Min(length, inode.LengthBytes - request.OffsetBytes));
        if (available == 0) return default;
        if (inode.BadSectors.Count != 0)
        {
            long first = request.OffsetBytes / SectorBytes;
            long last = (request.OffsetBytes + available - 1) / SectorBytes;
            if (inode.BadSectors.GetViewBetween(first, last).Count != 0) return new IoOutcome(-Errno.EIO);
        }

        return new IoOutcome((int)Transfer(request, file, 0, available, isDurable: false));
    }

    private IoOutcome Write(IoRequest request, SimulatedFile file, long flushSequence, long length)
    {
        if ((file.Access & IoAccess.Write) == 0) return new IoOutcome(-Errno.EBADF);
        if (!IsAligned(request, file)) return new IoOutcome(-Errno.EINVAL);
        long done = Transfer(request, file, 0, length, IsDurableWrite(request, file));
        if (done == 0) return new IoOutcome(-Errno.ENOSPC);
        if (request.Has(IoRequestFlags.FlushAfter) && done == request.LengthBytes) file.Inode.Flush(flushSequence);
        return new IoOutcome((int)done);
    }

    private static bool IsAligned(IoRequest request, SimulatedFile file)
    {
        int alignment = file.Capabilities.OffsetAlignmentBytes;
        if (alignment == 1) return true;
        if (request.OffsetBytes % alignment != 0) return false;
        foreach (IoVector vector in request.VectorSpan)
        {
            if ((long)vector.LengthBytes % alignment != 0 || vector.Address % file.Capabilities.MemoryAlignmentBytes != 0) return false;
        }

        return true;
    }

    // Moves a part of the request's bytes, piece by piece.
    private static long Transfer(IoRequest request, SimulatedFile file, long skip, long length, bool isDurable, long shift = 0)
    {
        long done = 0;
        long begin = 0;
        IoVector* vectors = request.Vectors;
        for (int index = 0; index < request.VectorCount && done < length; index++)
        {
            long pieceBytes = (long)vectors[index].LengthBytes;
            long inPiece = Math.Max(0, skip + done - begin);
            begin += pieceBytes;
            if (inPiece >= pieceBytes) continue;
            long count = Math.Min(pieceBytes - inPiece, length - done);
            byte* memory = (byte*)vectors[index].Address + inPiece;
            long offset = request.OffsetBytes + skip + done + shift;
            if (request.Operation == IoOperation.Read)
            {
                file.Inode.Read(offset, memory, count);
                done += count;
                continue;
            }

            long written = file.Inode.Write(offset, memory, count, isDurable);
            done += written;
            if (written < count) break;
        }

        return done;
    }
}
