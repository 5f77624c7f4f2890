using Sluice.Methods;

namespace Sluice;

/// <summary>What a system has done since its start: sums over its contexts at one moment, each count exact or one behind.</summary>
public sealed class AioStatistics
{
    private readonly AioOperationStatistics[] _operations = new AioOperationStatistics[(int)IoOperation.Allocate + 1];
    private readonly Dictionary<byte, AioTargetStatistics> _targets = [];

    /// <summary>Times that requests were handed to the method, each with one or more of them.</summary>
    public long Submissions { get; internal set; }

    /// <summary>I/Os executed on the issuing thread because the issuer or the method wanted it so.</summary>
    public long ExecutedInPlace { get; internal set; }

    /// <summary>I/Os that the method did not take and the runtime executed: the method's fault.</summary>
    public long RefusedByMethod { get; internal set; }

    /// <summary>Completions for an I/O that was over already or never was: the method's fault. They were dropped.</summary>
    public long StaleCompletions { get; internal set; }

    /// <summary>Exceptions that came out of completion callbacks.</summary>
    public long CallbackFaults { get; internal set; }

    /// <summary>Exceptions that came out of the method.</summary>
    public long MethodFaults { get; internal set; }

    /// <summary>I/Os staged or with the method at this moment.</summary>
    public int HandlesInFlight { get; internal set; }

    /// <summary>The counts of one operation.</summary>
    /// <param name="operation">The operation.</param>
    public AioOperationStatistics this[IoOperation operation] => _operations[(int)operation];

    /// <summary>The counts of each kind of target that had I/O, by name.</summary>
    public IEnumerable<KeyValuePair<string, AioTargetStatistics>> Targets
    {
        get
        {
            foreach ((byte id, AioTargetStatistics counts) in _targets)
            {
                yield return new(AioRegistry.TargetEntryOf(new AioTargetId(id)).Name, counts);
            }
        }
    }

    internal void Add(IoOperation operation, long operations, long bytes, long failures)
    {
        AioOperationStatistics sum = _operations[(int)operation];
        _operations[(int)operation] = new AioOperationStatistics(sum.Operations + operations, sum.Bytes + bytes, sum.Failures + failures);
    }

    /// <summary>Adds these counts to another sum.</summary>
    internal void AddTo(AioStatistics sum)
    {
        for (int operation = 0; operation < _operations.Length; operation++)
        {
            AioOperationStatistics counts = _operations[operation];
            sum.Add((IoOperation)operation, counts.Operations, counts.Bytes, counts.Failures);
        }

        foreach ((byte id, AioTargetStatistics counts) in _targets) sum.AddTarget(new AioTargetId(id), counts.Operations, counts.Bytes);
        sum.Submissions += Submissions;
        sum.ExecutedInPlace += ExecutedInPlace;
    }

    internal void AddTarget(AioTargetId id, long operations, long bytes)
    {
        _targets.TryGetValue(id.Value, out AioTargetStatistics sum);
        _targets[id.Value] = new AioTargetStatistics(sum.Operations + operations, sum.Bytes + bytes);
    }
}
