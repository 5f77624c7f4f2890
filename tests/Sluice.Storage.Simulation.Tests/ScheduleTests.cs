namespace Sluice.Storage.Simulation.Tests;

/// <summary>What comes by the clock, on a clock that moves only while somebody waits.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public void TheLastPartOfAMillisecondBeforeACheckpointIsWaitedForToo()
    {
        SimulatedDisk disk = new();
        int made = 0;
        Assert.True(SimulatedBoot.Run(
            disk,
            async boot =>
            {
                boot.System.FileSystem.CreateDirectory("/data");
                StorageManager storage = boot.Own(new StorageManager(boot.System, "/data", new StorageOptions()));
                BufferPool pool = boot.Own(new BufferPool(storage, new BufferPoolOptions { BufferCount = 16 }));
                Checkpointer checkpointer = boot.Own(new Checkpointer(pool, new CheckpointerOptions { Interval = TimeSpan.FromMicroseconds(1500) }));
                checkpointer.Failed += exception => throw exception;
                boot.Start(checkpointer.RunAsync);
                long before = checkpointer.StartedCount;
                await disk.Time.DelayAsync(TimeSpan.FromMilliseconds(50));
                made = (int)(checkpointer.StartedCount - before);
            },
            static options => options.Modules.Add(SluiceStorageAioModule.Instance)));
        Assert.InRange(made, 10, 40);
    }
}
