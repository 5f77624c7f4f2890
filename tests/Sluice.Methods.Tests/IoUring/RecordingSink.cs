using System.Collections.Concurrent;

namespace Sluice.Methods.IoUring.Tests;

/// <summary>A sink that keeps what it gets, and lets a test act inside of it.</summary>
internal sealed class RecordingSink : IoCompletionSink
{
    private readonly ConcurrentDictionary<ulong, IoCompletion> _byToken = new();
    private int _count;

    /// <summary>How many completions came.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>How many came for a token that had one already.</summary>
    internal int Doubles { get; private set; }

    /// <summary>Runs for each delivery.</summary>
    internal Action? OnComplete { get; set; }

    /// <summary>Whether a completion came for a token.</summary>
    internal bool Has(ulong token) => _byToken.ContainsKey(token);

    internal IoCompletion this[ulong token] => _byToken[token];

    public override void Complete(ReadOnlySpan<IoCompletion> completions)
    {
        foreach (IoCompletion completion in completions)
        {
            if (!_byToken.TryAdd(completion.Token, completion)) Doubles++;
        }

        OnComplete?.Invoke();
        Interlocked.Add(ref _count, completions.Length);
    }
}
