using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>When the owner's await is over its return is filled, however close the completion on another thread comes.</summary>
public sealed unsafe class AwaitedReturnTests
{
    [Fact]
    public void TheReturnIsFilledWhenTheAwaitIsOverWhileAnotherThreadCompletes()
    {
        TestSystem.WithinWatchdog(() =>
        {
            LinkedMethod method = new() { Holds = true };
            using AioSystem system = TestSystem.Start(method);
            using AioContext context = system.CreateContext("owner");
            using MemoryFile file = new(new byte[4096]);
            byte* buffer = stackalloc byte[512];
            AioReturn place = new();
            bool isOver = false;
            int asked = 0;
            TestThread completer = new(() =>
            {
                for (int round = 1; !Volatile.Read(ref isOver); round++)
                {
                    while (Volatile.Read(ref asked) < round && !Volatile.Read(ref isOver)) Thread.SpinWait(1);
                    method.LetGo();
                }
            });
            completer.Start();
            Random random = new(1);

            // The moment is short: how many rounds meet it depends on the machine, and how many rounds there are on what else it does.
            long until = Environment.TickCount64 + 5000;
            try
            {
                for (int round = 1; round <= 100_000 && Environment.TickCount64 < until; round++)
                {
                    AioHandle handle = context.Acquire(place);
                    WaitReference reference = handle.Reference;
                    GenericFileTarget.For(file).StartRead(handle, file, 0, new IoVector(buffer, 512));
                    Volatile.Write(ref asked, round);
                    Thread.SpinWait(random.Next(60));
                    ValueTask wait = context.WaitAsync(reference);
                    bool wasOver = wait.IsCompleted;
                    wait.AsTask().GetAwaiter().GetResult();
                    Assert.True(
                        place.IsFilled, $"Round {round}: the await was over{(wasOver ? " at once" : "")}, and the return was not filled.");
                }
            }
            finally
            {
                Volatile.Write(ref isOver, true);
                completer.Join();
            }
        });
    }
}
