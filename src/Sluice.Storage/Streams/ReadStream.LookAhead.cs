using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>Asking for blocks ahead of the consumer, and putting reads together.</summary>
public sealed partial class ReadStream
{
    /// <summary>
    /// Asks the source for blocks as far as the distances say, and puts them to the pending run. No I/O, no waiting.
    /// </summary>
    /// <param name="pinned">How many buffers count as pinned.</param>
    /// <returns>Whether the pending run has to be issued now.</returns>
    private bool Gather(int pinned)
    {
        while (_distance.LooksAhead(pinned, _pending.Count, _iosInProgress))
        {
            if (_distance.Issues(pinned, _pending.Count, _iosInProgress)) return true;
            uint block = TakeBlock();
            if (block == BlockNumbers.Invalid)
            {
                _distance.End();
                break;
            }

            if (_pending.Count == 0) _pending.Begin(block);
            else if (!_pending.TryAdd(block, onlyUpwards: _forwardedCount != 0))
            {
                // What the source said about it stays where it is: the place behind the pending run does not move when that is issued.
                _ungotten = block;
                return true;
            }
        }

        return _distance.Issues(pinned, _pending.Count, _iosInProgress);
    }

    private ValueTask LookAheadAsync(bool isBlocking)
    {
        if (Gather(_pinned)) return IssueAsync(isBlocking);
        NoteFast();
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask IssueAsync(bool isBlocking)
    {
        AioBatch batch = default;
        bool hasBatch = _options.UsesBatches && !_session.Context.IsInBatch;
        if (hasBatch) batch = _session.Context.EnterBatch();
        try
        {
            do
            {
                if (!await StartPendingAsync(isBlocking)) break;
            }
            while (Gather(_pinned));
        }
        finally
        {
            if (hasBatch) batch.Dispose();
        }

        NoteFast();
    }

    // Everything is cached, as it seems: from now on a page costs a look into the mapping and nothing else.
    private void NoteFast() =>
        _isFast = _iosInProgress == 0 && _pinned == 1 && _pending.Count == 0 && _distance.IsShortest && _ungotten == BlockNumbers.Invalid
            && _options.DataBytes == 0 && _forwardedCount == 0 && !_relation.IsTemporary;

    private bool TryTakeFast(out BufferPin pin)
    {
        uint block = _source.Next(this, default);
        if (block == BlockNumbers.Invalid)
        {
            _isFast = false;
            _distance.End();
            pin = Take();
            return true;
        }

        if (!_session.TryReadResident(_relation, _fork, block, _options.Ring, out BufferPin next))
        {
            // One block ahead is too late for a hand-over to pay off, so a blocking consumer reads it itself.
            _isFast = false;
            _isMissSynchronous = true;
            _pending.Begin(block);
            pin = default;
            return false;
        }

        _distance.Hit(0);
        pin = Take();
        _slots[_oldest] = new Slot { Pin = next, Io = -1 };
        _pinned = 1;
        return true;
    }
}
