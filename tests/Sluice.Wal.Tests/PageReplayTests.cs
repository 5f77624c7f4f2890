using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>Replay of changes of pages: what is read ahead changes nothing but the time it takes.</summary>
public sealed class PageReplayTests : IDisposable
{
    private const int Buffers = 64;
    private const uint Blocks = 150;
    private readonly TempFolder _folder = new();

    private string Crashed => Path.Combine(_folder.Path, "crashed");

    public static TheoryData<string> Methods => ["sync", "worker", "io_uring"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WhatIsRecoveredIsTheSameWithAndWithoutReadingAhead(string method)
    {
        await using AioSystem system = PageBank.Start(method);
        List<string> expected = await CrashAsync(system, seed: 1, checkpoints: true);
        foreach (int reads in (int[])[0, 1, 3, 32])
        {
            string folder = Copy($"reads{reads}");
            await using PageBank bank = await PageBank.OpenAsync(system, folder, Buffers, reads);
            Assert.True(bank.Replayed > 500, $"Only {bank.Replayed} records were replayed.");
            Assert.Equal(expected, await bank.ShowAsync());
            if (reads == 0) Assert.Equal(0, bank.Log.BlocksReadAhead);
            else Assert.True(bank.Log.BlocksReadAhead > 100, $"Only {bank.Log.BlocksReadAhead} blocks were read ahead.");
        }
    }

    [Fact]
    public async Task RecoveryThatIsKilledAndBegunAgainEndsTheSame()
    {
        await using AioSystem system = PageBank.Start();
        List<string> expected = await CrashAsync(system, seed: 2, checkpoints: true);
        for (int limit = 1; limit < 2000; limit += 397)
        {
            int left = limit;
            await Assert.ThrowsAsync<OperationCanceledException>(() => PageBank.OpenAsync(system, Crashed, Buffers, 32, (kind, index, page, payload) =>
            {
                if (left-- == 0) throw new OperationCanceledException("killed");
                PageBank.Redo(kind, index, page, payload);
            }));
        }

        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, Buffers, 32);
        Assert.Equal(expected, await bank.ShowAsync());
    }

    [Fact]
    public async Task NothingIsReadAheadBehindTheEndOfAFileThatWasCutOff()
    {
        InjectionControl control = new();
        await using AioSystem system = PageBank.Start(control: control);
        List<string> expected = await CrashAsync(system, seed: 3, checkpoints: false);
        string path = PageBank.PathOf(Crashed, 0);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write)) file.SetLength(40 * StorageLimits.PageBytes);
        long behind = 0;
        Injection watching = control.Replace(result => result, request =>
        {
            bool isRead = request.Operation == IoOperation.Read && request.File.Path.EndsWith($"{PageBank.Relations[0].Number}", StringComparison.Ordinal);
            if (isRead && request.OffsetBytes >= new FileInfo(path).Length) Interlocked.Increment(ref behind);
            return false;
        });
        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, Buffers, 32);
        watching.Release();
        Assert.Equal(0, behind);
        Assert.True(bank.Log.BlocksReadAhead > 0);
        Assert.Equal(expected, await bank.ShowAsync());
    }

    [Fact]
    public async Task ARelationWhoseNameWasLostIsMadeAgain()
    {
        await using AioSystem system = PageBank.Start();
        List<string> expected = await CrashAsync(system, seed: 4, checkpoints: false);
        File.Delete(PageBank.PathOf(Crashed, 1));
        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, Buffers, 32);
        Assert.Equal(expected, await bank.ShowAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    public async Task APageThatCannotBeReadEndsRecoveryWithTheRecordAndTheBlock(int reads)
    {
        InjectionControl control = new();
        await using AioSystem system = PageBank.Start(control: control);
        List<string> expected = await CrashAsync(system, seed: 5, checkpoints: true);
        Injection failing = control.Replace(
            _ => -Errno.EIO, request => request.Operation == IoOperation.Read && request.File.Path.EndsWith($"{PageBank.Relations[1].Number}", StringComparison.Ordinal));
        WalException exception = await Assert.ThrowsAsync<WalException>(() => PageBank.OpenAsync(system, Crashed, Buffers, reads));
        Assert.Contains("cannot be replayed: block ", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"of relation {PageBank.Relations[1].Number}", exception.Message, StringComparison.Ordinal);
        Assert.IsType<AioException>(exception.InnerException);
        failing.Dispose();
        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, Buffers, reads);
        Assert.Equal(expected, await bank.ShowAsync());
    }

    [Fact]
    public async Task TheLogIsReadOnceAndAPageWithAnImageIsNotRead()
    {
        InjectionControl control = new();
        await using AioSystem system = PageBank.Start(control: control);
        await CrashAsync(system, seed: 6, checkpoints: false);
        long logBytes = 0;
        long pageReads = 0;
        control.Replace(result => result, request =>
        {
            if (request.Operation != IoOperation.Read) return false;
            if (request.File.Path.Contains("/wal/0", StringComparison.Ordinal)) Interlocked.Add(ref logBytes, (long)request.LengthBytes);
            else if (request.File.Path.Contains("/base/", StringComparison.Ordinal)) Interlocked.Increment(ref pageReads);
            return false;
        });

        // Everything has room, and the first record about each page has its image.
        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, 1024, 32);
        Assert.True(bank.Replayed > 500);
        Assert.Equal(0, Volatile.Read(ref pageReads));
        long length = (long)(bank.Log.Log!.Recovery.End!.Position.Value - bank.Log.Log!.Recovery.From.Value);

        // Before that the record of the last checkpoint is read, which takes two pieces at most; the rest is read ahead beyond the end.
        const int besides = (2 * WalReader.ChunkBytes) + (1 << 20);
        Assert.True(length > besides, $"The log has only {length} bytes: twice would not show.");
        Assert.True(Volatile.Read(ref logBytes) <= length + besides, $"{logBytes} bytes of a log of {length} were read.");
    }

    [Fact]
    public async Task WhatReplayReadIsMadeDurableBeforeAPageOfItIsWritten()
    {
        await using AioSystem system = PageBank.Start();
        await CrashAsync(system, seed: 7, checkpoints: false);
        using RecoveringLog recovering = new(system);
        int flushed = 0;
        WalReplay replay = new() { Recovering = recovering, Redo = FlushAsync };
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, Path.Combine(Crashed, "wal"), Options, replay);
        Assert.True(flushed > 100);
        Assert.Equal(WalEndReason.NothingWritten, log.Recovery.End!.Reason);

        async ValueTask FlushAsync(LogRecord record)
        {
            await recovering.FlushAsync(record.EndPosition, CancellationToken.None);
            Assert.True(recovering.Durable >= record.EndPosition.Value);
            await Assert.ThrowsAsync<WalException>(async () => await recovering.FlushAsync(new LogPosition(record.EndPosition.Value + 1), CancellationToken.None));
            flushed++;
        }
    }

    private static WalOptions Options => PageBank.Options;

    // Works on pages that have far too little room, and ends without a checkpoint: some pages are as they were, some are newer than others.
    private async Task<List<string>> CrashAsync(AioSystem system, int seed, bool checkpoints)
    {
        Random random = new(seed);
        await using PageBank bank = await PageBank.OpenAsync(system, Crashed, Buffers, 32);
        for (int relation = 0; relation < PageBank.Relations.Length; relation++) await bank.ExtendAsync(relation, (int)Blocks);
        if (checkpoints) await bank.CheckpointAsync();
        LogPosition end = default;
        byte[] amounts = new byte[100_000];

        // The last blocks too, so that a file that was lost gets its whole length again.
        for (int relation = 0; relation < PageBank.Relations.Length; relation++) await bank.ChangeAsync(relation, [Blocks - 1], 0, [1]);
        for (int number = 0; number < 3000; number++)
        {
            if (checkpoints && number == 1500) await bank.CheckpointAsync();
            uint first = (uint)random.Next((int)Blocks - 8);
            uint[] blocks = [.. Enumerable.Range(0, random.Next(1, 4)).Select(place => first + (uint)(place * random.Next(1, 3))).Distinct()];

            // Now and then one that is too long to wait among others.
            int length = number % 500 == 499 ? amounts.Length : random.Next(1, 700);
            random.NextBytes(amounts.AsSpan(0, length));
            end = await bank.ChangeAsync(random.Next(2), blocks, random.Next(PageBank.Slots), amounts[..length]);
        }

        await bank.Log.FlushAsync(end);
        return await bank.ShowAsync();
    }

    private string Copy(string name)
    {
        string folder = Path.Combine(_folder.Path, name);
        foreach (string file in Directory.GetFiles(Crashed, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(folder, Path.GetRelativePath(Crashed, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return folder;
    }
}
