namespace Sluice.Wal.Tests;

/// <summary>Small durable files: old content or new, and one copy survives what happens to the other.</summary>
public sealed class StateFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task WhatWasSavedIsLoaded(int copies)
    {
        await using AioSystem system = TestLog.Start("sync");
        DurableStateFile file = new(system, Path.Combine(_folder.Path, "state"), copies);
        Assert.Null(await file.LoadAsync());
        for (int number = 0; number < 5; number++)
        {
            await file.SaveAsync(TestLog.Body(number, number * 100));
            Assert.Equal(TestLog.Body(number, number * 100), await new DurableStateFile(system, file.Path, copies).LoadAsync());
        }
    }

    [Fact]
    public async Task TheOtherCopyIsTakenWhenOneIsDamaged()
    {
        await using AioSystem system = TestLog.Start("sync");
        string path = Path.Combine(_folder.Path, "state");
        await new DurableStateFile(system, path, 2).SaveAsync(TestLog.Body(1, 64));
        byte[] whole = File.ReadAllBytes(path + ".0");
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x10;
            File.WriteAllBytes(path + ".0", damaged);
            Assert.Equal(TestLog.Body(1, 64), await new DurableStateFile(system, path, 2).LoadAsync());
        }

        File.WriteAllBytes(path + ".1", whole.AsSpan(0, 20));
        WalException exception = await Assert.ThrowsAsync<WalException>(() => new DurableStateFile(system, path, 2).LoadAsync());
        Assert.Contains("restore it from a backup", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALogWithoutItsStateIsNotMadeAnew()
    {
        await using AioSystem system = TestLog.Start("sync");
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            await log.AppendAndFlushAsync(1, new byte[10]);
        }

        File.Delete(Path.Combine(_folder.Log, "wal.state.0"));
        File.Delete(Path.Combine(_folder.Log, "wal.state.1"));
        await Assert.ThrowsAsync<WalException>(() => WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small));

        // It can still be read.
        Assert.Single(await TestLog.ReadAllAsync(system, _folder.Log));
    }
}
