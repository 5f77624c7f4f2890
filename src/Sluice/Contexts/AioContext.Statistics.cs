using Sluice.Methods;

namespace Sluice;

/// <summary>Counters with one writer, the owner: no shared line, no atomic operation per I/O.</summary>
public sealed unsafe partial class AioContext
{
    private const int OperationCount = (int)IoOperation.Allocate + 1;

    private readonly long[] _operations = new long[OperationCount];
    private readonly long[] _bytes = new long[OperationCount];
    private readonly long[] _failures = new long[OperationCount];
    private readonly long[] _operationsByTarget = new long[Limits.ModuleIdsMax + 1];
    private readonly long[] _bytesByTarget = new long[Limits.ModuleIdsMax + 1];
    private long _submissions;
    private long _inPlaceCount;

    // Written under the submit lock, by whoever submits after a switch.
    private long _inPlaceAfterSwitchCount;

    internal void Count(IoRequest request, AioResult result, in AioTargetData target, int rawResult)
    {
        int operation = (int)request.Operation;
        long bytes = rawResult > 0 ? rawResult : 0;
        _operations[operation]++;
        _bytes[operation] += bytes;
        _operationsByTarget[target.Id.Value]++;
        _bytesByTarget[target.Id.Value] += bytes;
        if (result.Status == AioStatus.Error) _failures[operation]++;
    }

    /// <summary>Adds this context's counts to a sum. Any thread; a count may be one behind.</summary>
    internal void AddTo(AioStatistics sum)
    {
        for (int operation = 0; operation < OperationCount; operation++)
        {
            sum.Add(
                (IoOperation)operation,
                Volatile.Read(ref _operations[operation]),
                Volatile.Read(ref _bytes[operation]),
                Volatile.Read(ref _failures[operation]));
        }

        for (int target = 0; target <= Limits.ModuleIdsMax; target++)
        {
            long operations = Volatile.Read(ref _operationsByTarget[target]);
            if (operations != 0) sum.AddTarget(new AioTargetId((byte)target), operations, Volatile.Read(ref _bytesByTarget[target]));
        }

        sum.Submissions += Volatile.Read(ref _submissions);
        sum.ExecutedInPlace += Volatile.Read(ref _inPlaceCount) + Volatile.Read(ref _inPlaceAfterSwitchCount);
        sum.HandlesInFlight += CountInFlight();
    }

    private int CountInFlight()
    {
        int count = 0;
        foreach (AioHandle handle in _handles)
        {
            if (handle.State is AioHandleState.Staged or AioHandleState.Submitted or AioHandleState.CompletedIo) count++;
        }

        return count;
    }
}
