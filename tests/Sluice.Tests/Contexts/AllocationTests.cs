using System.Runtime.InteropServices;
using Sluice.Methods;
using Sluice.Testing;

namespace Sluice.Tests;

/// <summary>The hot-path rule that a test can count: in steady state nothing is allocated per I/O, on the issuing thread.</summary>
public sealed unsafe class AllocationTests
{
    [Theory]
    [MemberData(nameof(TestSystem.AllMethods), MemberType = typeof(TestSystem))]
    public void ABatchAcquiredStartedAndWaitedForAllocatesNothing(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith(new byte[65536]), new IoOpenOptions());
        using AioContext context = system.CreateContext();
        AioReturn[] places = [.. Enumerable.Range(0, 16).Select(static _ => new AioReturn())];
        byte* memory = (byte*)NativeMemory.Alloc(65536);
        for (int round = 0; round < 200; round++) Round();
        AllocationMeter meter = AllocationMeter.Start();
        for (int round = 0; round < 200; round++) Round();
        Assert.Equal(0, meter.Bytes);
        NativeMemory.Free(memory);

        void Round()
        {
            using (context.EnterBatch())
            {
                for (int index = 0; index < places.Length; index++)
                {
                    AioHandle handle = context.Acquire(places[index]);
                    handle.SetVector(new IoVector(memory + (index * 4096), 4096));
                    handle.StartRead(file, index * 4096);
                }
            }

            while (context.WaitForAny())
            {
            }
        }
    });
}
