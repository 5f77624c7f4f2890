using Microsoft.Win32.SafeHandles;
using Sluice.Conformance.Support;

namespace Sluice.Conformance.Tests;

/// <summary>What the child process does: takes something away from itself, starts a system, reads, and says what it saw.</summary>
internal static class ChildScenarios
{
    internal static int Run(string[] arguments)
    {
        try
        {
            string path = arguments[2];

            // The console opens what it needs at its first use.
            Console.WriteLine($"scenario: {arguments[0]}");
            switch (arguments[0])
            {
                case "refused":
                    ProcessLimits.RefuseIoUring();
                    break;
                case "few-files":
                    WarmUp(path);
                    LeaveDescriptors(int.Parse(arguments[3], System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case "little-locked-memory":
                    ProcessLimits.Set(ProcessLimits.MemLock, 64 * 1024);
                    ProcessLimits.DropIpcLock();
                    break;
            }

            ReadThrough(arguments[1], path);
            return 0;
        }
        catch (IoMethodException exception)
        {
            Console.WriteLine($"refused: {exception.Message}");
            return 0;
        }
    }

    private static void ReadThrough(string method, string path)
    {
        using var system = AioSystem.Start(new AioSystemOptions { Method = method });
        Console.WriteLine($"method: {system.MethodName}");
        foreach (string reason in system.PassedOver) Console.WriteLine($"passed over: {reason}");
        using (BufferArena arena = system.CreateArena(Pattern.BlockBytes, 2048))
        {
            Console.WriteLine($"registered: {arena.IsRegistered}");
            AioFile file = AioFile.Open(system, path);
            using AioBuffer buffer = arena.Rent();
            int read = file.ReadAsync(buffer.Memory, Pattern.BlockBytes).AsTask().GetAwaiter().GetResult();
            Console.WriteLine($"read: {read}, {(Pattern.FindMistake(buffer.Span, Pattern.BlockBytes) < 0 ? "right" : "wrong")}");
            file.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        foreach ((string name, string value) in system.DescribeMethod()) Console.WriteLine($"{name}: {value}");
    }

    // Whatever the runtime opens once (assemblies, the console) is open before there is no more room.
    private static void WarmUp(string path)
    {
        TextWriter console = Console.Out;
        Console.SetOut(TextWriter.Null);
        ReadThrough("worker", path);
        ReadThrough("io_uring", path);
        Console.SetOut(console);
    }

    private static void LeaveDescriptors(int count)
    {
        ProcessLimits.Set(ProcessLimits.NoFile, 300);
        List<SafeFileHandle> taken = [];
        try
        {
            while (true) taken.Add(File.OpenHandle("/dev/null"));
        }
        catch (IOException)
        {
            foreach (SafeFileHandle handle in taken.TakeLast(count)) handle.Dispose();
        }

        s_taken = taken;
    }

    // Kept until the process ends.
    private static List<SafeFileHandle>? s_taken;
}
