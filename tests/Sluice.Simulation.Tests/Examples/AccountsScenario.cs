using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sluice.Simulation.Tests.Examples;

/// <summary>Numbered accounts in a file, with a cache in memory and a writer in the background: the code under test.</summary>
internal sealed class Accounts : IAsyncDisposable
{
    private const int SlotBytes = 4096;
    private const int ContentBytes = 16;
    private const int ChecksumBytes = 32;

    private readonly AioFile _file;
    private readonly (long Version, long Balance)[] _cached;
    private readonly HashSet<int> _dirty = [];
    private readonly SemaphoreSlim _writing = new(1);

    private Accounts(AioFile file, int count)
    {
        _file = file;
        _cached = new (long, long)[count];
    }

    internal static async Task<Accounts> OpenAsync(AioSystem system, string path, int count)
    {
        AioFile file = await AioFile.OpenAsync(system, path, new IoOpenOptions { Access = IoAccess.ReadWrite });
        Accounts accounts = new(file, count);
        for (int number = 0; number < count; number++)
        {
            // Each account has two places, written in turn: a write that is cut off damages only the older one.
            for (int place = 0; place < 2; place++) await accounts.LoadAsync(number, place);
        }

        // What was read may be in the cache of the operating system only: it is written again before anybody relies on it.
        for (int number = 0; number < count; number++) accounts._dirty.Add(number);
        await accounts.CommitAsync();
        return accounts;
    }

    internal long this[int number]
    {
        get => _cached[number].Balance;
        set
        {
            _cached[number].Balance = value;
            _dirty.Add(number);
        }
    }

    internal async Task CommitAsync()
    {
        await _writing.WaitAsync();
        try
        {
            await WriteDirtyAsync();
            await _file.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Cleans the cache from time to time, so that a commit has less to do.</summary>
    internal async Task WriteInBackgroundAsync(TimeProvider time, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, stopping);
            await CommitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _writing.Dispose();
        await _file.DisposeAsync();
    }

    private async Task WriteDirtyAsync()
    {
        int[] numbers = [.. _dirty.Order()];
        _dirty.Clear();
        foreach (int number in numbers)
        {
            (long version, long balance) = (++_cached[number].Version, _cached[number].Balance);
            byte[] slot = new byte[ContentBytes + ChecksumBytes];
            BinaryPrimitives.WriteInt64LittleEndian(slot, version);
            BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(8), balance);
            SHA256.HashData(slot.AsSpan(0, ContentBytes), slot.AsSpan(ContentBytes));
            await _file.WriteAsync(slot, OffsetOf(number, (int)(version % 2)));
        }
    }

    private async Task LoadAsync(int number, int place)
    {
        byte[] slot = new byte[ContentBytes + ChecksumBytes];
        if (await _file.ReadAsync(slot, OffsetOf(number, place)) != slot.Length) return;
        if (!slot.AsSpan(ContentBytes).SequenceEqual(SHA256.HashData(slot.AsSpan(0, ContentBytes)))) return;
        long version = BinaryPrimitives.ReadInt64LittleEndian(slot);
        if (version > _cached[number].Version) _cached[number] = (version, BinaryPrimitives.ReadInt64LittleEndian(slot.AsSpan(8)));
    }

    private static long OffsetOf(int number, int place) => ((long)number * 2 + place) * SlotBytes;
}

/// <summary>What was committed is there after every crash, and nothing that was never in an account.</summary>
[Scenario("accounts", "what was committed is there, and nothing that was never in an account")]
internal class AccountsScenario : Scenario
{
    private const string Path = "/accounts";
    private const int Count = 8;

    // The model: what each account must have at least, and what it had since, of which a crash may keep any. It lives through all crashes.
    private readonly long[] _committed = new long[Count];
    private readonly HashSet<long>[] _since = [.. Enumerable.Range(0, Count).Select(static _ => new HashSet<long>())];

    // The sub-system: a new one for every boot.
    private Accounts _accounts = null!;

    public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None
        .With(FaultKind.ShortWrite, 0.1)
        .With(new FaultRule(FaultKind.Stall, 0.01) { LatencyMaximum = TimeSpan.FromMilliseconds(20) })
        .With(FaultKind.Reorder, 0.3);

    public override async Task SetUpAsync(SimulationRun run)
    {
        await using AioFile file = await AioFile.CreateDurableAsync(run.System, Path);
    }

    public override async Task CheckAsync(SimulationRun run)
    {
        // A new process after a crash: recover, compare with the model, and settle what is in doubt.
        _accounts = run.Own(await Accounts.OpenAsync(run.System, Path, Count));
        for (int number = 0; number < Count; number++)
        {
            long found = _accounts[number];
            bool isPossible = found == _committed[number] || _since[number].Contains(found);
            run.Expect(isPossible, $"Account {number} has {found}; {_committed[number]} was committed.");
            _committed[number] = found;
            _since[number].Clear();
        }
    }

    public override async Task WorkAsync(SimulationRun run)
    {
        run.Start(stopping => _accounts.WriteInBackgroundAsync(run.Time, stopping));
        while (run.HasMoreWork)
        {
            for (int change = run.Random.Between(1, 4); change > 0; change--)
            {
                int number = run.Random.Next(Count);
                long balance = run.Random.Next(1_000_000);
                _since[number].Add(balance);
                _accounts[number] = balance;
            }

            if (run.Random.Chance(0.3)) await Task.Delay(TimeSpan.FromMilliseconds(run.Random.Between(1, 5)), run.Time);
            await _accounts.CommitAsync();
            for (int number = 0; number < Count; number++)
            {
                if (_since[number].Count == 0) continue;
                _committed[number] = _accounts[number];
                _since[number].Clear();
            }
        }
    }
}
