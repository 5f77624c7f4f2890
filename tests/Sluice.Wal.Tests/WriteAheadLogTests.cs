namespace Sluice.Wal.Tests;

/// <summary>A log as its users see it: what is added is there, in order, whole, when it was flushed.</summary>
public sealed class WriteAheadLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string> Methods => TestLog.Methods;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WhatWasFlushedIsReadBack(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int number = 0; number < 200; number++)
            {
                LogPosition end = await log.AppendAndFlushAsync(7, TestLog.Body(number, number * 3));
                Assert.True(log.DurablePosition >= end);
            }
        }

        List<(LogRecord Record, byte[] Body)> records = await TestLog.ReadAllAsync(system, _folder.Log);
        Assert.Equal(200, records.Count);
        for (int number = 0; number < 200; number++) Assert.Equal(TestLog.Body(number, number * 3), records[number].Body);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ABlockingFlushDrivesItself(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int number = 0; number < 200; number++) log.Flush(log.Append(7, TestLog.Body(number, 100)));
        }

        Assert.Equal(200, (await TestLog.ReadAllAsync(system, _folder.Log)).Count);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ALogGoesOnWhereItEnded(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        int number = 0;
        for (int round = 0; round < 10; round++)
        {
            List<byte[]> replayed = [];
            WalReplay replay = new()
            {
                Redo = record =>
                {
                    replayed.Add(record.Body.ToArray());
                    return ValueTask.CompletedTask;
                },
            };
            await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small, replay);
            Assert.Equal(number, replayed.Count);
            for (int index = 0; index < number; index++) Assert.Equal(TestLog.Body(index, index * 37), replayed[index]);
            for (int count = 0; count < 7; count++) log.Append(7, TestLog.Body(number, number++ * 37));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ARecordMayBeLongerThanTheRingAndThanASegment(string method)
    {
        await using AioSystem system = TestLog.Start(method);
        int[] lengths = [70_000, 1_000_000, 3_500_000, 1, 0, 200_000];
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            foreach (int length in lengths) log.Append(9, TestLog.Body(length, length));
            foreach (int length in lengths) await log.AppendAsync(9, TestLog.Body(length, length));
        }

        List<(LogRecord Record, byte[] Body)> records = await TestLog.ReadAllAsync(system, _folder.Log);
        Assert.Equal(2 * lengths.Length, records.Count);
        for (int index = 0; index < records.Count; index++)
        {
            Assert.Equal(TestLog.Body(lengths[index % lengths.Length], lengths[index % lengths.Length]), records[index].Body);
        }
    }
}
