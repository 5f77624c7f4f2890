using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>Whoever would sleep is first asked to do something that was submitted and not begun.</summary>
public sealed class HelpingIssuerTests
{
    [Fact]
    public unsafe void AnIssuerThatWaitsExecutesWhatNobodyHasBegun()
    {
        TestSystem.WithinWatchdog(static () =>
        {
            LinkedMethod method = new() { Holds = true, LetsIssuerHelp = true };
            using AioSystem system = TestSystem.Start(method);
            using AioContext context = system.CreateContext("owner");
            using MemoryFile file = new(new byte[4096]);
            byte* buffer = stackalloc byte[512];
            for (int round = 0; round < 3; round++)
            {
                AioReturn place = new();
                AioHandle handle = context.Acquire(place);
                WaitReference reference = handle.Reference;
                GenericFileTarget.For(file).StartRead(handle, file, 0, new IoVector(buffer, 512));
                Assert.Equal(1, method.HeldCount);

                // Not blocking means not working either.
                Assert.False(context.Wait(reference, timeoutMilliseconds: 0));
                Assert.True(context.Wait(reference));
                Assert.True(place.IsFilled);
                Assert.Equal(512, place.Result.Value);
            }
        });
    }

    [Fact]
    public void ALoopHelpsBeforeItSleeps()
    {
        TestSystem.WithinWatchdog(static () =>
        {
            LinkedMethod method = new() { Holds = true, LetsIssuerHelp = true };
            using AioSystem system = TestSystem.Start(method);
            using TempFolder folder = new();
            string path = folder.FileWith([1, 2, 3]);
            system.RunLoop(async () =>
            {
                await using AioFile file = await AioFile.OpenAsync(system, path);
                byte[] read = new byte[3];
                Assert.Equal(3, await file.ReadAsync(read, 0));
                Assert.Equal([1, 2, 3], read);
            });
            Assert.Equal(0, method.HeldCount);
        });
    }

    [Fact]
    public unsafe void AMethodThatThrowsWhenItIsAskedIsReportedAndTheWaitGoesOn()
    {
        TestSystem.WithinWatchdog(static () =>
        {
            LinkedMethod method = new() { Holds = true, HelpFault = new InvalidOperationException("no") };
            using AioSystem system = TestSystem.Start(method);
            int warnings = 0;
            system.Warning += _ => Interlocked.Increment(ref warnings);
            using AioContext context = system.CreateContext("owner");
            using MemoryFile file = new(new byte[4096]);
            byte* buffer = stackalloc byte[512];
            AioReturn place = new();
            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            GenericFileTarget.For(file).StartRead(handle, file, 0, new IoVector(buffer, 512));
            TestThread completer = new(() =>
            {
                SpinWait.SpinUntil(() => Volatile.Read(ref warnings) != 0, TestSystem.Watchdog);
                method.LetGo();
            });
            completer.Start();
            Assert.True(context.Wait(reference));
            completer.Join();
            Assert.NotEqual(0, warnings);
        });
    }
}
