namespace Sluice.Wal.Tests;

/// <summary>A commit allocates nothing: whoever waits and however, one or several, with pages or without.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Commits = 400;
    private const int Rounds = 5;

    private readonly TempFolder _folder = new();

    public static TheoryData<string> Methods => TestLog.Methods;

    // A block is not given up half filled: so no segment has to be made, which allocates.
    private static WalOptions Options => TestLog.Small with { SegmentBytes = 16 << 20, SealWaiters = 1000, SyncForm = WalSyncForm.Fdatasync };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ABlockingCommitAllocatesNothing(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, Options);
        byte[] body = TestLog.Body(1, 128);
        await ExpectNothingAsync(() =>
        {
            for (int number = 0; number < Commits; number++) log.Flush(log.Append(1, body));
            return Task.CompletedTask;
        });
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task CommitsOfSeveralAllocateNothing(string method)
    {
        const int flows = 16;
        await using AioSystem system = TestLog.Start(method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, Options);
        byte[] body = TestLog.Body(1, 128);
        Func<Task> flow = async () =>
        {
            for (int number = 0; number < Commits / flows * 8; number++) await log.AppendAndFlushAsync(1, body);
        };
        Task[] tasks = new Task[flows];
        await ExpectNothingAsync(
            () =>
            {
                for (int index = 0; index < flows; index++) tasks[index] = Task.Run(flow);
                return Task.WhenAll(tasks);
            },
            Commits * 8);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AChangeOfPagesThatIsCommittedAllocatesNothing(string method)
    {
        await using AioSystem system = PageBank.Start(method);
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, buffers: 64, reads: 0);
        await bank.ExtendAsync(0, 2);
        BufferPin[] pins = new BufferPin[2];
        for (uint block = 0; block < 2; block++)
        {
            pins[block] = await bank.Session.ReadAsync(bank.Open(0), RelationFork.Main, block);
            await pins[block].LockAsync(ContentLockMode.Exclusive);
        }

        byte[] payload = [0, 1];
        await ExpectNothingAsync(async () =>
        {
            for (int number = 0; number < Commits; number++)
            {
                LogPosition end = await bank.Log.AddAsync(PageBank.Kind, pins, payload);
                await bank.Log.FlushAsync(end);
            }
        });
        foreach (BufferPin pin in pins)
        {
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
        }
    }

    // The least of some rounds, the first of which warm up. Once per round: tasks of the test, timers of the pool. Per commit: nothing.
    private static async Task ExpectNothingAsync(Func<Task> commit, int commits = Commits)
    {
        await commit();
        await commit();
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await commit();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < commits * 8, $"{least} bytes for {commits} commits.");
    }
}
