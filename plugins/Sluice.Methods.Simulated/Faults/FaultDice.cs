namespace Sluice.Methods.Simulated;

/// <summary>Rolls for each operation which rules hit it, and keeps the account of damages. Under the gate.</summary>
internal sealed class FaultDice
{
    private const int StreamOfRules = 1000;
    private readonly Rule[] _rules;
    private readonly FaultBudget _budget;
    private readonly Dictionary<(long Sector, int Copy), bool> _damaged = [];
    private int _damages;

    internal FaultDice(FaultPlan plan, ulong seed)
    {
        _rules = [.. plan.Rules.Select(rule => new Rule(rule, new SimulatedRandom(seed, (ulong)(StreamOfRules + rule.Stream))))];
        _budget = plan.Budget;
    }

    internal bool IsEmpty => _rules.Length == 0;

    /// <summary>
    /// Finds the next rule that hits an operation, from a position on: rules of time at its submission, the others at its execution.
    /// </summary>
    internal Rule? Next(
        bool isAtSubmit,
        IoOperation operation,
        bool isFlushed,
        string path,
        long offsetBytes,
        long lengthBytes,
        long nowNanoseconds,
        ref int position)
    {
        while (position < _rules.Length)
        {
            Rule rule = _rules[position++];
            FaultRule what = rule.What;
            if (IsOfTime(what.Kind) != isAtSubmit || rule.Count >= what.CountMaximum) continue;
            if (!what.AppliesTo(operation) || (what.Kind == FaultKind.FlushFailure && !isFlushed)) continue;
            if (!what.Covers(path, offsetBytes, lengthBytes, nowNanoseconds) || !rule.Random.Chance(what.Rate)) continue;
            rule.Count++;
            return rule;
        }

        return null;
    }

    /// <summary>Finds the rule that hits an operation on names, if one does.</summary>
    internal Rule? NextOfNames(TraceOperation operation, string path, long nowNanoseconds)
    {
        foreach (Rule rule in _rules)
        {
            FaultRule what = rule.What;
            if (what.Kind != FaultKind.NameError || rule.Count >= what.CountMaximum) continue;
            if (what.NameOperation is { } one && one != operation) continue;
            if (!what.Covers(path, 0, 0, nowNanoseconds) || !rule.Random.Chance(what.Rate)) continue;
            rule.Count++;
            return rule;
        }

        return null;
    }

    /// <summary>Whether a sector of a file may be damaged; if so it is taken down as damaged.</summary>
    internal bool TryDamage(string path, long sector)
    {
        if (_damages >= _budget.DamagesMaximum) return false;
        int copy = CopyOf(path);
        if (copy >= 0)
        {
            int sound = 0;
            for (int other = 0; other < _budget.Copies.Count; other++)
            {
                if (other != copy && !_damaged.ContainsKey((sector, other))) sound++;
            }

            if (sound < _budget.SoundCopiesMinimum) return false;
            _damaged[(sector, copy)] = true;
        }

        _damages++;
        return true;
    }

    private int CopyOf(string path)
    {
        for (int copy = 0; copy < _budget.Copies.Count; copy++)
        {
            if (FilePattern.Matches(_budget.Copies[copy], path)) return copy;
        }

        return -1;
    }

    private static bool IsOfTime(FaultKind kind) => kind is FaultKind.Latency or FaultKind.Stall or FaultKind.Reorder or FaultKind.Again;

    internal sealed class Rule(FaultRule what, SimulatedRandom random)
    {
        internal FaultRule What { get; } = what;

        internal SimulatedRandom Random { get; } = random;

        internal int Count { get; set; }
    }
}
