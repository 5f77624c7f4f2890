using System.CommandLine;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary>What <c>sluice bench sort</c> is asked for.</summary>
internal sealed class SpillOptions
{
    private readonly Option<string> _method = ToolOptions.Method();
    private readonly Option<long> _size = ToolOptions.Size("--size", 1L << 30, 1 << 20, 1L << 44, "How much data; 1G unless given");
    private readonly Option<long> _memory = ToolOptions.Size("--memory", 64 << 20, 1 << 20, 1L << 36,
        "Memory of the operation; 64M unless given");
    private readonly Option<string?> _directory = new("--dir") { Description = "Where temporary files go (the temporary folder)" };
    private readonly Option<bool> _direct = new("--direct") { Description = "Bypass the page cache" };
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON array, one object per run" };

    internal SpillOptions(Command command)
    {
        foreach (Option option in (Option[])[_method, _size, _memory, _directory, _direct, _json]) command.Options.Add(option);
    }

    internal string Method { get; private set; } = "";

    internal long SizeBytes { get; private set; }

    internal long MemoryBytes { get; private set; }

    internal bool IsDirect { get; private set; }

    internal bool IsJson { get; private set; }

    private string? Directory { get; set; }

    internal void Read(ParseResult parsed)
    {
        Method = parsed.GetValue(_method)!;
        SizeBytes = parsed.GetValue(_size);
        MemoryBytes = parsed.GetValue(_memory);
        Directory = parsed.GetValue(_directory);
        IsDirect = parsed.GetValue(_direct);
        IsJson = parsed.GetValue(_json);
        MethodChoice.RequireReal(Method);
    }

    internal AioSystem StartSystem() => AioSystem.Start(new AioSystemOptions
    {
        Method = Method,
        SharedContexts = 1,
        ContextsMax = 16,
        HandlesPerContext = 512,
    });

    internal TempSpace OpenSpace(AioSystem system) =>
        TempSpace.Open(system, new TempSpaceOptions { Directories = [Directory ?? Path.GetTempPath()], Direct = IsDirect });
}
