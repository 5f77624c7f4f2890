using System.Diagnostics;

namespace Sluice.TempFiles.Tests.Support;

/// <summary>A process that sorts into a directory with named files, and then holds them until it is killed.</summary>
internal sealed class HoldingProcess : IDisposable
{
    private const string Ready = "holding";
    private readonly Process _process;

    internal HoldingProcess(string directory, string method = "sync")
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(HoldingProcess).Assembly.Location, directory, method])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        _process = Process.Start(start)!;
        Assert.Equal(Ready, _process.StandardOutput.ReadLine());
    }

    /// <summary>Ends it without giving it a chance to clean up.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Lets it end by itself.</summary>
    internal void Finish()
    {
        _process.StandardInput.WriteLine();
        Assert.True(_process.WaitForExit(TestRun.Watchdog));
        Assert.Equal(0, _process.ExitCode);
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static int Main(string[] args)
    {
        using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = args[1], SharedContexts = 1 });
        using TempSpace space = TempSpace.Open(system, new TempSpaceOptions { Directories = [args[0]], Naming = TempNaming.Named });
        using ExternalSorter<(int Key, int Number)> sorter = new(space, new NumberedCodec(), SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = 65536 });
        for (int number = 0; number < 50_000; number++) sorter.Add((number * 7919 % 50_021, number));
        using SortedRecords<(int Key, int Number)> result = sorter.Finish();
        Console.WriteLine(Ready);
        Console.ReadLine();
        int count = 0;
        while (result.MoveNext()) count++;
        return count == 50_000 ? 0 : 1;
    }
}
